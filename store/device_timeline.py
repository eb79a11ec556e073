"""What happened to one device in a stretch of time: what its charts show beside the readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection
from store.listing_rows import EventRow
from store.sql import load

SQL = load("device_timeline")
EVENT_KINDS = ("failure", "maintenance", "error", "config")
MOST = 200
"""Of each kind in one chart; beyond it the newest are shown."""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit that is booked or was made; `ticket_id` is one of the tickets it is for, None for planned maintenance."""

    visit_id: int
    kind: str
    state: str
    begins: datetime
    ends: datetime
    ticket_id: int | None


@dataclass(frozen=True, slots=True)
class AlarmStretch:
    """From when to when an alarm was active; `cleared_at` is None while it is."""

    alarm_id: int
    severity: str
    message: str
    raised_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConnectivityRow:
    """A device came (`online`) or went (`offline`), and what that was read from."""

    at: datetime
    state: str
    told_by: str


@dataclass(frozen=True, slots=True)
class DeviceTimeline:
    """Everything that touches since <= t < until, newest first, at most `MOST` of each."""

    events: Sequence[EventRow]
    visits: Sequence[VisitRow]
    alarms: Sequence[AlarmStretch]


def device_timeline(connection: Connection, *, device_id: int, since: datetime, until: datetime) -> DeviceTimeline:
    """What happened to the device between two instants."""
    wanted = {"device_id": device_id, "since": since, "until": until, "limit": MOST, "kinds": list(EVENT_KINDS)}
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        events = cursor.execute(SQL["events"], wanted).fetchall()
    with connection.cursor(row_factory=class_row(VisitRow)) as cursor:
        visits = cursor.execute(SQL["visits"], wanted).fetchall()
    with connection.cursor(row_factory=class_row(AlarmStretch)) as cursor:
        alarms = cursor.execute(SQL["alarms"], wanted).fetchall()
    return DeviceTimeline(events, visits, alarms)


def connectivity(connection: Connection, *, device_id: int, limit: int) -> list[ConnectivityRow]:
    """When the device came and went, newest first."""
    with connection.cursor(row_factory=class_row(ConnectivityRow)) as cursor:
        return cursor.execute(SQL["connectivity"], {"device_id": device_id, "limit": limit}).fetchall()
