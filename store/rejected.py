"""Messages that could not be stored, kept with the reason until they are replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.database import Connection
from store.sql import load

SQL = load("rejected")


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message as it came, and why it could not be stored."""

    topic: str
    payload: bytes
    reason: str
    received_at: datetime


def record(connection: Connection, messages: Sequence[RejectedMessage]) -> None:
    """Keep these messages. One that waits already is counted again instead of kept twice."""
    if not messages:
        return
    parameters = [
        {
            "topic": message.topic.replace("\0", "\ufffd"),  # text in PostgreSQL holds no U+0000
            "payload": message.payload,
            "reason": message.reason,
            "received_at": message.received_at,
        }
        for message in sorted(messages, key=lambda message: (message.topic, message.payload))
    ]
    with connection.cursor() as cursor:
        cursor.executemany(SQL["record"], parameters)


def take_waiting(
    connection: Connection, *, after: int = 0, reason: str | None = None, limit: int = 500
) -> list[tuple[int, RejectedMessage]]:
    """Messages with an id above `after` that wait for a replay, locked until the transaction ends.

    reason: only those whose reason contains this text.
    """
    rows = connection.execute(SQL["take_waiting"], {"after": after, "reason": reason, "limit": limit})
    return [(rejected_id, RejectedMessage(*fields)) for rejected_id, *fields in rows]


def mark_replayed(connection: Connection, rejected_ids: Sequence[int], at: datetime) -> None:
    """Note that these messages were stored after all."""
    connection.execute(SQL["mark_replayed"], {"ids": list(rejected_ids), "at": at})
