"""Sends queued commands, each once, and desired documents, and ends what has waited for too long."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import orjson
import structlog

from diagnostics.messages import wire_id
from diagnostics.metrics import DiagnosticsMetrics
from diagnostics.session import ANSWERED_WITHIN, Confirmation, Session
from domain.clock import Clock, system_clock
from store import command_files, commands, diagnostics_session, twins
from store.commands import Outgoing
from store.database import Connection, Database
from store.listen import listen
from store.retry import in_transaction
from store.twins import Undelivered

log = structlog.get_logger()
T = TypeVar("T")
BATCH = 200
TIMED_OUT_AT_ONCE = 1000
LOOK_AGAIN = 1.0
"""Seconds after which it is looked at again what nobody announces: devices that are back, and what is late."""


class EpochOverError(Exception):
    """Another connection speaks for the platform now."""


class Sender:
    """Sends over one connection for as long as its epoch lasts."""

    def __init__(
        self,
        database: Database,
        session: Session,
        epoch: int,
        clock: Clock,
        metrics: DiagnosticsMetrics,
        wall_clock: Clock = system_clock,
    ) -> None:
        self._database, self._session, self._epoch = database, session, epoch
        self._clock, self._metrics, self._wall_clock = clock, metrics, wall_clock
        self._sent: dict[int, int] = {}
        """Ids of commands that the broker has not answered for, by message number."""
        self._documents: list[Undelivered] = []

    def requeue(self) -> None:
        """Everything that the broker has came back: what is still `sending` never reached it."""
        requeued = self._in_epoch(commands.requeue)
        if requeued:
            log.info("commands queued again that had not reached the broker", commands=requeued)
            self._metrics.requeued.inc(requeued)

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Until `stop` or the session ends. Raises EpochOverError, and what the database does when it is away."""
        late_at = 0.0
        for _ in listen(self._database.url, "diagnostics", timeout=LOOK_AGAIN):
            if stop.is_set() or self._session.lost.is_set():
                return
            beat()
            while self._send_some() and not stop.is_set():
                beat()
            self._deliver_twins()
            self._note_refused()
            if time.monotonic() >= late_at:
                self._time_out()
                late_at = time.monotonic() + LOOK_AGAIN

    def _in_epoch(self, work: Callable[[Connection], T]) -> T:
        def fenced(connection: Connection) -> T:
            if not diagnostics_session.is_current(connection, self._epoch):
                raise EpochOverError
            return work(connection)

        return in_transaction(self._database, fenced)

    def _send_some(self) -> bool:
        """Whether there may be more. What is claimed is committed as `sending` before the first byte goes out. The same
        look finds the desired documents that wait: it is a transaction for each command that is asked for alone."""
        if self._session.lost.is_set():
            return False
        now = self._wall_clock()

        def look(connection: Connection) -> tuple[list[Outgoing], list[Undelivered]]:
            return commands.claim(connection, now=now, limit=BATCH), twins.undelivered(connection, after=0, limit=BATCH)

        claimed, self._documents = self._in_epoch(look)
        for outgoing in claimed:
            self._sent[self._publish(outgoing)] = outgoing.command_id
        self._metrics.sent.inc(len(claimed))
        return len(claimed) == BATCH

    def _publish(self, outgoing: Outgoing) -> int:
        told_id = wire_id(outgoing.command_id, outgoing.correlation)
        topic = f"devices/{outgoing.device}/commands/{told_id}"
        left = (outgoing.expires_at - self._wall_clock()).total_seconds()
        document = {
            "id": told_id,
            "command": outgoing.command,
            "arguments": outgoing.arguments,
            "expires": int(outgoing.expires_at.timestamp() * 1000),
        }
        return self._session.publish(
            f"{topic}/request",
            orjson.dumps(document),
            response_topic=f"{topic}/response",
            correlation=outgoing.correlation,
            expires_in=max(1, math.ceil(left)),
        )

    def _note_refused(self) -> None:
        """The broker's own answers: its echo has made the command `sent`, or it refuses it."""
        while not self._session.confirmations.empty():
            self._settle(self._session.confirmations.get())

    def _settle(self, confirmation: Confirmation) -> None:
        command_id, reason = self._sent.pop(confirmation.mid, None), confirmation.refused
        if command_id is None or reason is None:
            return
        message = f"the broker does not take it: {reason}"
        log.warning("command refused by the broker", command_id=command_id, reason=reason)
        in_transaction(
            self._database,
            lambda connection: commands.refuse_sent(
                connection, command_id, code="broker", message=message, at=self._clock()
            ),
        )

    def _deliver_twins(self) -> None:
        """A document that is published twice is the same document: it is noted after the broker has it."""
        while (waiting := self._documents) and not self._session.lost.is_set():
            published = {
                self._session.publish(
                    f"devices/{one.device}/twin/desired",
                    orjson.dumps({"version": one.version, "desired": one.desired}),
                    retain=True,
                ): (one.device_id, one.version)
                for one in waiting
            }
            delivered = self._await(published)
            in_transaction(self._database, lambda connection: twins.note_delivered(connection, delivered))  # noqa: B023
            self._metrics.twins.inc(len(delivered))
            after = waiting[-1].device_id
            self._documents = self._in_epoch(lambda connection: twins.undelivered(connection, after=after, limit=BATCH))  # noqa: B023

    def _await(self, published: dict[int, tuple[int, int]]) -> list[tuple[int, int]]:
        """Those that the broker has confirmed."""
        delivered = []
        give_up = time.monotonic() + ANSWERED_WITHIN
        while published and time.monotonic() < give_up and not self._session.lost.is_set():
            try:
                confirmation = self._session.confirmations.get(timeout=0.2)
            except queue.Empty:
                continue
            document = published.pop(confirmation.mid, None)
            if document is None:
                self._settle(confirmation)
            elif confirmation.refused is None:
                delivered.append(document)
            else:
                log.warning("desired document refused by the broker", reason=confirmation.refused)
        return delivered

    def _time_out(self) -> None:
        def work(connection: Connection) -> list[int]:
            late = commands.time_out(connection, now=self._wall_clock(), at=self._clock(), limit=TIMED_OUT_AT_ONCE)
            command_files.drop_parts(connection, late)
            return late

        late = in_transaction(self._database, work)
        if late:
            log.info("commands timed out", commands=len(late), first=late[0])
            self._metrics.timed_out.inc(len(late))
