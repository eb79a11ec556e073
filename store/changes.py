"""Changes of alarms and tickets as they are told: in the feed and in the audit log, by one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def tell(connection: Connection, changes: Sequence[Change], *, who: str, at: datetime) -> None:
    """Write them beside their cause, in this order. Call it after the changed rows are locked, so that changes of one
    subject keep their order."""
    if not changes:
        return
    connection.execute(
        SQL["tell"],
        {
            "at": at,
            "who": who,
            "kinds": [change.kind for change in changes],
            "subject_ids": [change.subject_id for change in changes],
            "device_ids": [change.device_id for change in changes],
            "payloads": [Jsonb(change.payload) for change in changes],
            "actions": [change.action for change in changes],
            "details": [Jsonb(change.detail) for change in changes],
        },
    )
    for change in changes:
        note(change.action)
