"""The ingest process: a thread that subscribes, a thread that writes, and an orderly end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from random import Random

import structlog

from aftercare.broker_address import parse_broker_url
from aftercare.metrics_server import Pulse, serve_metrics
from aftercare.wiring import Application
from domain.errors import AftercareError, ConfigurationError
from ingest.adoption import Adoption
from ingest.backoff import Backoff
from ingest.clock_check import horizon_of
from ingest.collector import BatchLimits
from ingest.guards import Guards
from ingest.heartbeat import Heartbeat, Progress
from ingest.inbox import Inbox
from ingest.membership import Membership
from ingest.metrics import IngestMetrics
from ingest.receipts import Receipts
from ingest.sessions import Sessions
from ingest.sparkplug_births import BirthDirectory
from ingest.subscriber import Subscriber
from ingest.wakeup import Wakeup
from ingest.writer import BatchWriter
from store.database import Connection, connect, describe_url
from store.migrate import require_current
from store.reading_batches import missing_channels

log = structlog.get_logger()
SWITCH_SECONDS = 0.0003
"""How long a thread keeps the interpreter while another waits for it. Of Python's own 5 ms the writer lost that much at
each answer of the database, because decoding never waits: a third of the speed with messages of many rows."""
DRAIN_SECONDS = 7.0
RESIGN_SECONDS = 2.0
"""How long a stop waits for the database to take what is in hand, and then to let our slot go: together less than what
supervisors grant before they kill."""
LONGEST_PAUSE = 120.0
"""The longest that the subscribing thread waits for anything: a connection that is not answered."""
# A connection that was cut without a word is noticed within 20 seconds.
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}

LOCK_TIMEOUT = 30_000
"""Milliseconds until a cut connection that holds a slot is given up: the server gives it up before that, so the slot is
free when it is asked for again."""


class Ingest:
    """Built from an application; `run` returns when `stop` was called and everything in hand is written."""

    def __init__(self, application: Application) -> None:
        """Raises ConfigurationError when the broker's address is wrong."""
        settings = application.settings
        self._application = application
        self._wakeup = Wakeup()
        self._pulse = Pulse(LONGEST_PAUSE)
        self._written = threading.Event()
        self._inbox = Inbox(on_room=self._wake)
        self.metrics = IngestMetrics(queue_length=lambda: len(self._inbox), clock=application.clock)
        random = Random(settings.ingest_id)  # noqa: S311 -- spreads retries of replicas, guards nothing
        self._receipts = Receipts(note_stale=self.metrics.stale.inc)
        sessions = Sessions(
            address=parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file),
            group=settings.ingest_group,
            expiry=settings.ingest_session_expiry,
            receive_maximum=self._inbox.max_messages,
        )
        self._connect = partial(connect, application.database.url, application_name="aftercare ingest", **KEEPALIVE)
        adopt = partial(
            Adoption,
            sessions=sessions,
            inbox=self._inbox,
            receipts=self._receipts,
            finished=self._written.is_set,
        )
        self._membership = Membership(
            connect=partial(self._connect, autocommit=True, tcp_user_timeout=LOCK_TIMEOUT),
            sessions=sessions,
            name=settings.ingest_id,
            takeover=settings.ingest_takeover,
            adopt=partial(adopt, clock=application.clock),
            guards=Guards(
                sessions=sessions,
                subscribed_for=lambda: self._subscriber.subscribed_for(),
                adopt=lambda name, since: adopt(name, clock=lambda: since),
                clock=application.clock,
                metrics=self.metrics,
            ),
            answered=self._wakeup.set,
            metrics=self.metrics,
        )
        self._subscriber = Subscriber(
            sessions=sessions,
            session=lambda: self._membership.session,
            subscribed=self._membership.nudge,
            lost=self._membership.doubt,
            receipts=self._receipts,
            inbox=self._inbox,
            wakeup=self._wakeup,
            clock=application.clock,
            metrics=self.metrics,
            backoff=Backoff(random),
        )
        self._writer = BatchWriter(
            connect=self._connect,
            catalog=application.catalog,
            inbox=self._inbox,
            acknowledge=self._receipts.put,
            limits=BatchLimits(settings.ingest_batch_rows, settings.ingest_batch_wait.total_seconds()),
            births=BirthDirectory(
                request=self._subscriber.publish,
                connection_number=self._connection_number,
                clock=application.clock,
                metrics=self.metrics,
            ),
            metrics=self.metrics,
            backoff=Backoff(random, longest=5.0),
            horizon=horizon_of(application.clock, settings.clock_tolerance),
        )
        self._heartbeat = Heartbeat(
            connect=self._connect,
            session=lambda: self._membership.session,
            session_expiry=settings.ingest_session_expiry,
            clock=application.clock,
            progress=self._progress,
        )
        self._stopping = self._draining = self._failed = False

    def stop(self, *_: object) -> None:
        """Read nothing more, write and acknowledge what is in hand, and return from `run`. Fit for a signal."""
        self._stopping = True
        self._membership.leave()
        self._subscriber.stop_reading()

    def run(self) -> None:
        """Work until `stop`. Raises UnavailableError or ConfigurationError when it cannot begin."""
        with self._connect() as connection:
            self._check_schema(connection)
        self._membership.join()
        self._pulse.beat()
        serve_metrics(self._application.settings, self.metrics.registry, self._pulse.problem)
        writing = threading.Thread(target=self._write, name="ingest-writer", daemon=True)
        writing.start()
        self._begin("heartbeat", self._heartbeat.run)
        membership = self._begin("membership", self._membership.run)
        log.info("ingest started", database=describe_url(self._application.database.url))
        self._subscriber.run(self._finished)
        self._heartbeat.stop()
        self._membership.stop()
        membership.join(RESIGN_SECONDS)
        if not self._stopping:
            raise AftercareError("a thread ended by itself: the log above says why; start ingest again")
        log.info("ingest stopped", unwritten=len(self._inbox))

    def _progress(self) -> Progress:
        return Progress(
            listening=self.metrics.is_subscribed and self._inbox.has_room,
            taken_in=self._inbox.taken_in,
            stored=self.metrics.messages_committed,
        )

    def _write(self) -> None:
        try:
            self._writer.run()
        except Exception:
            log.exception("the writing thread failed")
        finally:
            self._written.set()
            self._wake()

    def _begin(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """Do it in a thread of its own; its failure ends the process."""

        def run() -> None:
            try:
                work()
            except Exception:
                log.exception(f"the {name} thread failed")
                self._failed = True
                self._subscriber.stop_reading()

        thread = threading.Thread(target=run, name=f"ingest-{name}", daemon=True)
        thread.start()
        return thread

    def _wake(self) -> None:
        self._wakeup.set()
        self._receipts.wake()

    def _connection_number(self) -> int:
        """Changes with each connection, and after each session taken over, whose births may have been older ones."""
        return self._subscriber.connection_number + self._membership.adopted

    def _finished(self) -> bool:
        self._pulse.beat()
        if (self._stopping or self._failed) and not self._draining:
            self._draining = True
            self._inbox.close()
            self._writer.drain(DRAIN_SECONDS)
        return self._written.is_set()

    def _check_schema(self, connection: Connection) -> None:
        require_current(connection)
        for device_model in self._application.catalog.values():
            missing = missing_channels(connection, device_model)
            if missing:
                raise ConfigurationError(
                    f"{device_model.readings_table} has no column {missing[0]}: run 'aftercare migrate'"
                )


def run(application: Application) -> None:
    """Run ingest in this process until SIGTERM or SIGINT."""
    sys.setswitchinterval(SWITCH_SECONDS)
    ingest = Ingest(application)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ingest.stop)
    ingest.run()
