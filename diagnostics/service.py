"""The process that speaks with devices: one at a time, over one session at the broker that outlives it.

Each connection begins an epoch and publishes a marker to itself. The session hears what the platform publishes, in the
order in which the broker took it: when the marker is back, every request that the broker has is known to be sent, and
the others are queued again. That is how no request is sent twice, however the process ended: docs/decisions/0031.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from diagnostics.intake import Intake, Taken
from diagnostics.messages import Arrived
from diagnostics.metrics import DiagnosticsMetrics
from diagnostics.sender import EpochOverError, Sender
from diagnostics.session import Session
from domain.broker import BrokerAddress
from domain.clock import Clock
from store import diagnostics_session
from store.database import Connection, Database, connect, read_clock
from store.failures import is_of_the_database
from store.retry import in_transaction

log = structlog.get_logger()
BATCH = 500
WAIT = 0.2
"""Seconds that a round waits for a message."""
RETRY = 1.0
STAND_BY = 2.0
LOOK_AFTER = 1.0
"""Seconds between two looks whether this process still speaks for the platform."""


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What the process needs. tolerance: how far devices' clocks may be ahead of the platform's `clock`."""

    database: Database
    login: BrokerAddress
    clock: Clock
    tolerance: timedelta
    metrics: DiagnosticsMetrics

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Until `stop` is set. A broker or database that goes away is waited for, and another such process too."""
        standing_by = False
        while not stop.is_set():
            beat()
            try:
                with connect(self.database.url, autocommit=True, application_name="aftercare diagnostics") as holder:
                    if diagnostics_session.hold(holder):
                        standing_by = False
                        self._speak(holder, stop, beat)
                    else:
                        if not standing_by:
                            log.info("another process speaks with devices; standing by")
                        standing_by = True
                        stop.wait(STAND_BY)
            except Exception as error:
                if not is_of_the_database(error) and not isinstance(error, EpochOverError):
                    raise
                self.metrics.outages.inc()
                log.warning("waits", reason=str(error).strip().partition("\n")[0] or type(error).__name__)
                stop.wait(RETRY)

    def _speak(self, holder: Connection, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Over one connection after another, for as long as `holder` holds the right to."""
        while not stop.is_set():
            client_id, epoch = in_transaction(self.database, diagnostics_session.begin_epoch)
            session = Session(self.login, client_id)
            session.open()
            log.info("speaking with devices", session=client_id, epoch=epoch)
            self.metrics.connected.set(1)
            try:
                Conversation(self, session, epoch).run(holder, stop, beat)
            finally:
                self.metrics.connected.set(0)
                session.close()
            if not stop.is_set():
                log.warning("connection lost")
                self.metrics.outages.inc()
                stop.wait(RETRY)


class Conversation:
    """What goes on over one connection: taking in here, sending in a thread of its own."""

    def __init__(self, of: Diagnostics, session: Session, epoch: int) -> None:
        self._session, self._metrics = session, of.metrics
        self._intake = Intake(of.database, of.clock, of.tolerance)
        self._sender = Sender(of.database, session, epoch, of.clock, of.metrics)
        self._nonce = secrets.token_bytes(16)
        self._over = threading.Event()
        self._problem: Exception | None = None

    def run(self, holder: Connection, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Until `stop` or the connection is lost. Raises what the sender did, and when `holder` is lost."""
        self._session.publish(self._session.marker_topic, self._nonce)
        sending: threading.Thread | None = None
        look_at = time.monotonic() + LOOK_AFTER
        try:
            while not (stop.is_set() or self._session.lost.is_set() or self._over.is_set()):
                beat()
                batch = self._next_batch()
                taken = self._take(batch, stop, beat) if batch else None
                if taken is not None and self._nonce in taken.markers and sending is None:
                    self._sender.requeue()
                    sending = threading.Thread(target=self._send, args=(beat,), name="sender")
                    sending.start()
                if time.monotonic() >= look_at:
                    read_clock(holder)
                    look_at = time.monotonic() + LOOK_AFTER
        finally:
            self._over.set()
            if sending is not None:
                sending.join()
        if self._problem is not None:
            raise self._problem

    def _send(self, beat: Callable[[], None]) -> None:
        try:
            self._sender.run(self._over, beat)
        except Exception as error:
            self._problem = error
        finally:
            self._over.set()

    def _next_batch(self) -> list[Arrived]:
        try:
            batch = [self._session.inbox.get(timeout=WAIT)]
        except queue.Empty:
            return []
        while len(batch) < BATCH and not self._session.inbox.empty():
            batch.append(self._session.inbox.get())
        return batch

    def _take(self, batch: list[Arrived], stop: threading.Event, beat: Callable[[], None]) -> Taken | None:
        """Acknowledged only after it is committed. A database that is away is waited for while the line holds."""
        while not (stop.is_set() or self._session.lost.is_set()):
            try:
                taken = self._intake.take(batch)
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                log.warning("waits for the database", reason=str(error).strip().partition("\n")[0])
                self._metrics.outages.inc()
                beat()
                stop.wait(RETRY)
                continue
            self._session.acknowledge(batch)
            self._count(taken)
            return taken
        return None

    def _count(self, taken: Taken) -> None:
        metrics = self._metrics
        metrics.messages.inc(taken.messages)
        metrics.steps.inc(taken.steps)
        metrics.reports.inc(taken.reports)
        metrics.repeated.inc(taken.repeated)
        metrics.dropped.inc(taken.dropped)
        for label, count in taken.rejected.items():
            metrics.rejected.labels(label).inc(count)
