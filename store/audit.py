"""The audit log: who did what to which object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection
from store.sql import fitted, load

SQL = load("audit")
_NOTED: ContextVar[list[str] | None] = ContextVar("noted", default=None)


@contextmanager
def watching() -> Iterator[list[str]]:
    """The actions that are recorded in this block, here and in what it calls, as they come."""
    noted: list[str] = []
    before = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(before)


def record(
    connection: Connection,
    *,
    at: datetime,
    who: str,
    action: str,
    object_kind: str,
    object_id: str | int,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Note an action in the transaction that does it. The log refuses every later change."""
    connection.execute(
        SQL["record"],
        {
            "at": at,
            "who": who,
            "action": action,
            "object_kind": object_kind,
            "object_id": str(object_id),
            "detail": Jsonb(detail or {}),
        },
    )
    note(action)


def note(action: str) -> None:
    """Tell those who are `watching` of an action that was recorded."""
    if (noted := _NOTED.get()) is not None:
        noted.append(action)


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that was done."""

    at: datetime
    who: str
    action: str
    detail: Mapping[str, Any]


def history(connection: Connection, *, object_kind: str, object_id: str | int, limit: int) -> list[Noted]:
    """What was done to one object, newest first."""
    wanted = {"object_kind": object_kind, "object_id": str(object_id), "limit": limit}
    return [Noted(*row) for row in connection.execute(fitted(SQL, "history", "doer"), wanted)]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A line of the log."""

    audit_id: int
    at: datetime
    who: str
    action: str
    object_kind: str
    object_id: str
    detail: Mapping[str, Any]


def listing(
    connection: Connection,
    *,
    who: str | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: int | None = None,
    limit: int,
) -> list[AuditRow]:
    """Lines, newest first. `until` is not included; `after` is the last line of the page before."""
    wanted = {"who": who, "kind": kind, "since": since, "until": until, "after": after, "limit": limit}
    return [AuditRow(*row) for row in connection.execute(SQL["list"], wanted)]


def kinds(connection: Connection) -> list[str]:
    """Of what things there are lines, by name."""
    return [kind for (kind,) in connection.execute(SQL["kinds"])]
