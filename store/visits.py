"""Visits: who is at which device when, and which tickets share a visit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from domain.business_hours import Span
from domain.errors import ChangedMeanwhileError, ConflictError, NotFoundError
from domain.visit import Visit, VisitKind, VisitState
from store.database import Connection
from store.sql import load

SQL = load("visits")


def lock_technicians(connection: Connection, technician_ids: Collection[int]) -> None:
    """Nobody else books these until the transaction ends; locked in one order, so that bookings do not deadlock."""
    connection.execute(SQL["lock_technicians"], {"technician_ids": list(technician_ids)})


def busy(
    connection: Connection, technician_ids: Collection[int], *, since: datetime, until: datetime, without: int | None
) -> Mapping[int, Sequence[Span]]:
    """By technician the booked stretches that touch that time, in order; those of the visit `without` are left out."""
    wanted = {"technician_ids": list(technician_ids), "since": since, "until": until, "without": without}
    taken: dict[int, list[Span]] = {technician_id: [] for technician_id in technician_ids}
    for technician_id, starts_at, ends_at in connection.execute(SQL["busy"], wanted):
        taken[technician_id].append((starts_at, ends_at))
    return taken


def add(
    connection: Connection,
    *,
    device_id: int,
    kind: VisitKind,
    technician_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    who: str,
    now: datetime,
    reference: str | None = None,
) -> int:
    """Book a visit; its id. Raises ConflictError when the technician is elsewhere then; the transaction goes on."""
    values = {
        "device_id": device_id,
        "kind": kind,
        "technician_id": technician_id,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "maintenance_length": ends_at - starts_at if kind is VisitKind.MAINTENANCE else None,
        "reference": reference,
        "who": who,
        "now": now,
    }
    return int(_booked(connection, "add", values)[0])


def lengthen(connection: Connection, *, visit_id: int, technician_id: int, ends_at: datetime) -> None:
    """Give a booked visit to a technician, until then. Raises ConflictError when the technician is elsewhere then."""
    _booked(connection, "lengthen", {"visit_id": visit_id, "technician_id": technician_id, "ends_at": ends_at})


def attach(connection: Connection, *, ticket_id: int, visit_id: int, length: timedelta) -> None:
    """A ticket is worked off in this visit, and takes so much of it."""
    connection.execute(SQL["attach"], {"ticket_id": ticket_id, "visit_id": visit_id, "length": length})


def leave(connection: Connection, *, ticket_id: int) -> None:
    """A ticket is not worked off in its visit: that is shorter now, or cancelled when it was for this ticket only."""
    if row := connection.execute(SQL["detach"], {"ticket_id": ticket_id}).fetchone():
        connection.execute(SQL["shorten"], {"visit_id": row[0]})


def of_ticket(connection: Connection, *, ticket_id: int) -> int | None:
    """The visit in which a ticket is worked off; None without one."""
    row = connection.execute(SQL["of_ticket"], {"ticket_id": ticket_id}).fetchone()
    return row[0] if row else None


def finish(connection: Connection, *, ticket_id: int) -> None:
    """The work of a ticket is done: so is its visit, when no other ticket is left to be worked off in it."""
    connection.execute(SQL["finish"], {"ticket_id": ticket_id})


def get(connection: Connection, visit_id: int) -> Visit:
    """Raises NotFoundError."""
    found = list_visits(connection, visit_id=visit_id, limit=1)
    if not found:
        raise NotFoundError(f"visit {visit_id} does not exist")
    return found[0]


def list_visits(
    connection: Connection,
    *,
    visit_id: int | None = None,
    device_id: int | None = None,
    service_centre: str | None = None,
    technician: str | None = None,
    states: Sequence[VisitState] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1000,
) -> list[Visit]:
    """Visits that touch a time, by their start: all, or those of a device, a centre or a technician."""
    wanted = {
        "visit_id": visit_id,
        "device_id": device_id,
        "service_centre": service_centre,
        "technician": technician,
        "states": list(states) if states else None,
        "since": since,
        "until": until,
        "limit": limit,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(SQL["list_visits"], wanted).fetchall()
    return [
        Visit(
            **{
                **row,
                "kind": VisitKind(row["kind"]),
                "state": VisitState(row["state"]),
                "tickets": tuple(row["tickets"]),
            }
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class PlannedByHand:
    """A ticket whose date was fixed without a technician."""

    ticket_id: int
    device: str
    failure_mode: str
    planned_for: datetime


def planned_by_hand(
    connection: Connection, *, service_centre: str, since: datetime, until: datetime, limit: int = 1000
) -> list[PlannedByHand]:
    """Of a centre, in a stretch of time, by date."""
    wanted = {"service_centre": service_centre, "since": since, "until": until, "limit": limit}
    with connection.cursor(row_factory=class_row(PlannedByHand)) as cursor:
        return cursor.execute(SQL["planned_by_hand"], wanted).fetchall()


def last_maintenance(connection: Connection, *, device_id: int) -> datetime | None:
    """When a device last had maintenance by a visit, else when it was installed; None when nobody knows."""
    row = connection.execute(SQL["last_maintenance"], {"device_id": device_id}).fetchone()
    return row[0] if row else None


def hold_maintenance(connection: Connection, *, device_id: int) -> None:
    """Plan this device's maintenance alone until the transaction ends."""
    connection.execute(SQL["hold_maintenance"], {"device_id": device_id})


def place_maintenance(
    connection: Connection,
    *,
    device: str,
    reference: str,
    starts_at: datetime,
    ends_at: datetime,
    who: str,
    now: datetime,
) -> int:
    """Import a planned maintenance, or move the booked one of that reference; its id.

    Raises NotFoundError for a device that there is not, ConflictError when the visit of that reference is settled, for
    another device, or shared with tickets.
    """
    values = {"device": device, "reference": reference, "starts_at": starts_at, "ends_at": ends_at, "who": who}
    if connection.execute(SQL["device"], values).fetchone() is None:
        raise NotFoundError(f"device {device!r} is not registered")
    row = _booked(connection, "place_maintenance", {**values, "now": now}, needed=False)
    if row is None:
        raise ConflictError(
            f"maintenance {reference!r} cannot be moved: it is settled, of another device, or a ticket has joined it"
        )
    return int(row[0])


def _booked(connection: Connection, query: str, values: Mapping[str, Any], *, needed: bool = True) -> Any:
    try:
        with connection.transaction():
            row = connection.execute(SQL[query], values).fetchone()
    except psycopg.errors.ExclusionViolation as error:
        told = "the technician has been booked for that time meanwhile: choose another slot"
        raise ChangedMeanwhileError(told) from error
    if row is None and needed:
        raise ChangedMeanwhileError("the visit is not booked any more: choose another slot")
    return row
