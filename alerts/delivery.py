"""Follows the feed and hands each alarm change to a transport: at least once, in order, whatever is away meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from alerts.delivery_metrics import DeliveryMetrics
from domain.clock import Clock
from domain.errors import UnavailableError
from store import outbox
from store.database import Database
from store.listen import listen
from store.outbox import FeedEntry

log = structlog.get_logger()
BATCH = 100
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0


class Transport(Protocol):
    """A way out of the house. `name` keeps its place in the feed."""

    @property
    def name(self) -> str: ...

    def deliver(self, entries: Sequence[FeedEntry]) -> None:
        """Return when the receiver has confirmed every change; raise UnavailableError when it did not."""


def follow(
    database: Database,
    transport: Transport,
    *,
    clock: Clock,
    stop: threading.Event,
    metrics: DeliveryMetrics,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Deliver what waits and then every change as it commits, until `stop` is set. `beat` is called in each round.

    Several processes may run it: one delivers at a time. Raises ConfigurationError when the database's address is
    wrong; a database or receiver that is away is waited for.
    """
    behind, wait = False, FIRST_WAIT
    for heard in listen(database.url, "outbox", timeout=0.5):
        beat()
        behind = behind or heard
        while behind and not stop.is_set():
            beat()
            try:
                count = deliver_next(database, transport, clock)
                behind, wait = count > 0, FIRST_WAIT
                metrics.note_delivered(count)
            except UnavailableError as error:
                metrics.failed.inc()
                log.warning("delivery waits", transport=transport.name, reason=str(error), retry_in=wait)
                stop.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT)
        if stop.is_set():
            return


def deliver_next(database: Database, transport: Transport, clock: Clock) -> int:
    """Deliver the next changes and move the transport's position; return how many there were, 0 at the end of the feed.

    Raises UnavailableError; the position is then as it was, so that the same changes come again.
    """
    with database.transaction() as connection:
        outbox.number_feed(connection)
    now = clock()
    with database.transaction() as connection:
        position = outbox.claim_delivery(connection, transport=transport.name, at=now)
        entries = outbox.read_feed(connection, after=position, limit=BATCH)
        if not entries:
            return 0
        alarms = [entry for entry in entries if entry.kind == "alarm"]
        if alarms:
            transport.deliver(alarms)
        outbox.advance_delivery(connection, transport=transport.name, feed_seq=entries[-1].feed_seq, at=now)
    for entry in alarms:
        log.info(
            "alarm change delivered",
            transport=transport.name,
            feed_seq=entry.feed_seq,
            alarm_id=entry.subject_id,
            device=entry.payload["device"] or entry.payload["device_model"],
            change=entry.payload["change"],
        )
    return len(entries)
