"""What waits for each receiver: a bounded window of the feed, and the changes that it refused for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.delivery import Change
from store.database import Connection
from store.outbox import FeedEntry
from store.sql import load

SQL = load("deliveries")


@dataclass(frozen=True, slots=True)
class FeedChange:
    """A change by its number and subject, as subscriptions look at it."""

    feed_seq: int
    kind: str
    subject_id: int
    at: datetime
    change: Change


@dataclass(frozen=True, slots=True)
class Delivery:
    """One change that waits for one receiver; `attempts` are those that it refused."""

    delivery_id: int
    attempts: int
    due_at: datetime
    entry: FeedEntry

    @property
    def subject(self) -> tuple[str, int]:
        """Whose changes must not overtake each other."""
        return self.entry.kind, self.entry.subject_id


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A change that a receiver refused for good."""

    delivery_id: int
    feed_seq: int
    kind: str
    subject_id: int
    attempts: int
    last_error: str
    failed_at: datetime


def read_changes(connection: Connection, *, after: int, limit: int) -> list[FeedChange]:
    """The next changes after the number `after`, in order."""
    rows = connection.execute(SQL["read_changes"], {"after": after, "limit": limit})
    return [
        FeedChange(feed_seq, kind, subject_id, at, Change(kind, change, severity, device, model, customer, site, calls))
        for feed_seq, kind, subject_id, at, change, severity, device, model, customer, site, calls in rows
    ]


def waiting(connection: Connection, receiver_id: int) -> int:
    """How many changes are in the window."""
    [(count,)] = connection.execute(SQL["waiting"], {"receiver_id": receiver_id})
    return int(count)


def queue(
    connection: Connection, receiver_id: int, changes: Sequence[FeedChange], *, in_order: bool, now: datetime
) -> None:
    """Put changes into the window, due at once. With in_order they wait for the earlier ones of their subject."""
    values = {
        "receiver_id": receiver_id,
        "feed_seqs": [change.feed_seq for change in changes],
        "kinds": [change.kind for change in changes],
        "subject_ids": [change.subject_id for change in changes],
        "in_order": in_order,
        "now": now,
    }
    connection.execute(SQL["queue"], values)


def due(connection: Connection, receiver_id: int, *, now: datetime, limit: int) -> list[Delivery]:
    """By number, what waits of every subject of which something is due; `limit` cuts off the latest."""
    rows = connection.execute(SQL["due"], {"receiver_id": receiver_id, "now": now, "limit": limit})
    return [Delivery(row[0], row[1], row[2], FeedEntry(*row[3:])) for row in rows]


def next_due(connection: Connection, receiver_id: int) -> datetime | None:
    """When the next change is due; None when nothing waits."""
    [(instant,)] = connection.execute(SQL["next_due"], {"receiver_id": receiver_id})
    assert instant is None or isinstance(instant, datetime)
    return instant


def done(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """The receiver has them."""
    connection.execute(SQL["done"], {"delivery_ids": list(delivery_ids)})


def put_off(connection: Connection, delivery_id: int, *, error: str, due_at: datetime) -> None:
    """It was refused: send it again at `due_at`, and nothing later of its subject before."""
    connection.execute(SQL["put_off"], {"delivery_id": delivery_id, "error": error, "due_at": due_at})
    put_off_only(connection, [delivery_id], due_at=due_at)


def put_off_only(connection: Connection, delivery_ids: Sequence[int], *, due_at: datetime) -> None:
    """Send them at `due_at`."""
    connection.execute(SQL["put_off_itself"], {"delivery_ids": list(delivery_ids), "due_at": due_at})


def fail(connection: Connection, delivery_id: int, *, error: str, now: datetime) -> None:
    """It was refused for good."""
    connection.execute(SQL["fail"], {"delivery_id": delivery_id, "error": error, "now": now})


def failed(connection: Connection, receiver_id: int, *, limit: int) -> list[FailedDelivery]:
    """What the receiver refused for good, latest first."""
    return [
        FailedDelivery(*row) for row in connection.execute(SQL["failed"], {"receiver_id": receiver_id, "limit": limit})
    ]


def send_failed_again(connection: Connection, receiver_id: int, *, now: datetime) -> tuple[int, int]:
    """How many failed changes are sent once more, and how many never, because a later one of their subject arrived."""
    values = {"receiver_id": receiver_id, "now": now}
    overtaken = connection.execute(SQL["drop_overtaken"], values).rowcount
    again = connection.execute(SQL["try_failed_again"], values).rowcount
    connection.execute(SQL["hurry"], values)
    return again, overtaken


@dataclass(frozen=True, slots=True)
class Expired:
    """Changes that left the outbox, and those that receivers never had."""

    changes: int
    undelivered: int


def expire(connection: Connection, *, before: datetime, limit: int) -> Expired:
    """Forget changes older than that which every active receiver has had, and what failed or stopped ones have not."""
    values = {"before": before, "limit": limit}
    undelivered = sum(connection.execute(SQL[name], values).rowcount for name in ("expire_failed", "expire_stopped"))
    return Expired(connection.execute(SQL["expire_outbox"], values).rowcount, undelivered)
