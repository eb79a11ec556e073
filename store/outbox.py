"""The outbox: changes written with their cause, numbered after commit, read as a feed without gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection
from store.listen import listen as listen
from store.sql import load

SQL = load("outbox")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One change in the feed. `feed_seq` grows strictly and may skip numbers; `kind` is `alarm` or `ticket`.
    `device_id` is None when it is about a device model or a site. `customer` is whose it is now; empty: nobody's."""

    feed_seq: int
    kind: str
    subject_id: int
    device_id: int | None
    payload: Mapping[str, Any]
    at: datetime
    customer: str = ""


def append(
    connection: Connection,
    *,
    kind: str,
    subject_id: int,
    device_id: int | None,
    payload: Mapping[str, Any],
    at: datetime,
) -> None:
    """Write a change beside its cause. Call it after the changed row is locked, so that changes of one subject keep
    their order."""
    values = {"kind": kind, "subject_id": subject_id, "device_id": device_id, "payload": Jsonb(payload), "at": at}
    connection.execute(SQL["append"], values)


def number_feed(connection: Connection) -> int:
    """Number what has committed since; return how many. Needs a READ COMMITTED transaction of its own.

    Any number of processes may call it when they hear `outbox`. After the caller's commit every change that was
    committed before the call can be read, and no later change ever gets a smaller number.
    """
    if not _one(connection, "has_unnumbered"):
        return 0
    connection.execute(SQL["lock_numbering"])
    return connection.execute(SQL["number"]).rowcount


def read_feed(connection: Connection, *, after: int, limit: int) -> list[FeedEntry]:
    """The next changes after the number `after`, in order, at most `limit`."""
    rows = connection.execute(SQL["read_feed"], {"after": after, "limit": limit})
    return [FeedEntry(*row) for row in rows]


def latest_feed_seq(connection: Connection) -> int:
    """The highest number that can be read; 0 when the feed is empty."""
    return int(_one(connection, "latest_feed_seq"))


def claim_delivery(connection: Connection, *, transport: str, at: datetime) -> int:
    """How far `transport` has delivered (0: nothing yet). Other processes that claim it wait for this transaction."""
    connection.execute(SQL["begin_position"], {"transport": transport, "at": at})
    return int(_one(connection, "claim_position", transport=transport))


def advance_delivery(connection: Connection, *, transport: str, feed_seq: int, at: datetime) -> None:
    """Note that everything up to `feed_seq` is confirmed by the receiver; in the transaction that claimed it."""
    connection.execute(SQL["advance_position"], {"transport": transport, "feed_seq": feed_seq, "at": at})


@dataclass(frozen=True, slots=True)
class DeliveryBacklog:
    """How many changes a transport has not delivered, and when the oldest of them came about."""

    changes: int
    oldest: datetime | None


def delivery_backlog(connection: Connection, *, transport: str) -> DeliveryBacklog:
    """What waits for `transport`; asking keeps nobody from delivering."""
    row = connection.execute(SQL["delivery_backlog"], {"transport": transport}).fetchone()
    assert row is not None
    return DeliveryBacklog(*row)


def _one(connection: Connection, query: str, **values: object) -> Any:
    row = connection.execute(SQL[query], values).fetchone()
    assert row is not None
    return row[0]
