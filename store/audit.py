"""The audit log: who did what to which object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection
from store.sql import load

SQL = load("audit")


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
    return [Noted(*row) for row in connection.execute(SQL["history"], wanted)]
