"""Changes of alarms and tickets as they are told: in the feed and in the audit log, by one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.audit import note
from store.database import Connection
from store.sql import load

SQL = load("changes")


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an alarm or a ticket: `payload` for the feed, `action` and `detail` for the audit log."""

    kind: str
    subject_id: int
    device_id: int | None
    payload: Mapping[str, Any]
    action: str
    detail: Mapping[str, Any]


NAMES = [field.name for field in fields(Change)]


def tell(connection: Connection, changes: Sequence[Change], *, who: str, at: datetime) -> None:
    """Write them beside their cause, in this order. Call it after the changed rows are locked, so that changes of one
    subject keep their order."""
    if not changes:
        return
    documents = [{name: getattr(change, name) for name in NAMES} for change in changes]
    connection.execute(SQL["tell"], {"at": at, "who": who, "changes": Jsonb(documents)})
    for change in changes:
        note(change.action)
