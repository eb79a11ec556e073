"""Requests that must not take effect twice, and what they were answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.database import Connection, Database
from store.retry import in_transaction
from store.sql import load

SQL = load("answered_requests")
KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with an idempotency key. The same key of the same user is the same request."""

    user_id: int
    key: str
    path: str
    body_digest: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request was, and what it was answered; `content` is None when it showed a secret."""

    path: str
    body_digest: bytes
    status: int
    headers: Mapping[str, str]
    content: bytes | None


def claim(connection: Connection, asked: Asked, *, now: datetime) -> Answered | None:
    """None when the caller is the first with this key and has to do the work in this transaction; else the answer.

    Whoever comes while the first is at work waits for it, and is the first when that one is rolled back.
    """
    if connection.execute(SQL["claim"], {**asdict(asked), "at": now, "oldest": now - KEPT}).fetchone():
        return None
    with connection.cursor(row_factory=class_row(Answered)) as cursor:
        return cursor.execute(SQL["find"], {"user_id": asked.user_id, "key": asked.key}).fetchone()


def keep(
    connection: Connection, asked: Asked, *, status: int, headers: Mapping[str, str], content: bytes | None
) -> None:
    """Note the answer in the transaction that did the work."""
    answer = {"status": status, "headers": Jsonb(dict(headers)), "content": content}
    connection.execute(SQL["keep"], {"user_id": asked.user_id, "key": asked.key, **answer})


def forget(database: Database, *, now: datetime) -> int:
    """Drop what is older than a day; how many."""
    return in_transaction(
        database, lambda connection: connection.execute(SQL["forget"], {"oldest": now - KEPT}).rowcount
    )
