"""Tickets: at most one unsettled ticket per device and failure mode, moved by whoever has its version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from domain.errors import NotFoundError
from domain.prediction import RecordedPrediction
from domain.ticket import ClosureCode, Ticket, TicketState
from store.database import Connection
from store.sql import in_view, load

SQL = load("tickets")


def papers() -> sql.SQL:
    """The columns `entitlement` and `decision` of the tickets `t`; in the scope of a customer without the sum behind a
    ticket, and of who pays without the amounts of others."""
    return sql.SQL(in_view(SQL, "papers"))


@dataclass(frozen=True, slots=True)
class FiledTicket:
    """A ticket and where its device stands."""

    ticket: Ticket
    device_id: int
    device_model: str
    service_centre: str


@dataclass(frozen=True, slots=True)
class Case:
    """What a prediction meets (see the query); from `ticket_id` on it is of the unsettled ticket. joins_visit: which
    planned visit its decision joins; joined_at: when that one begins now, None when it is booked no more."""

    service_centre: str
    settled: bool
    renewed: bool
    failed: bool
    ticket_id: int | None
    state: str | None
    priority: int | None
    predicted: bool
    joins_visit: int | None
    joined_at: datetime | None


def lock_case(
    connection: Connection, recorded: RecordedPrediction, *, component: str, event_codes: Sequence[str]
) -> Case:
    """Lock this device's failure mode until the transaction ends, and look at it. Raises NotFoundError."""
    prediction = recorded.prediction
    connection.execute(SQL["lock_case"], {"device_id": recorded.device_id, "failure_mode": prediction.failure_mode})
    with connection.cursor(row_factory=class_row(Case)) as cursor:
        case = cursor.execute(
            SQL["case"],
            {
                "device_id": recorded.device_id,
                "failure_mode": prediction.failure_mode,
                "as_of": prediction.as_of,
                "prediction_id": recorded.prediction_id,
                "component": component,
                "event_codes": list(event_codes),
            },
        ).fetchone()
    if case is None:
        raise NotFoundError(f"device {prediction.device} (id {recorded.device_id}) does not exist")
    return case


def lock(connection: Connection, ticket_id: int) -> FiledTicket:
    """Lock the case of a ticket until the transaction ends, and read the ticket. Raises NotFoundError."""
    connection.execute(SQL["lock_case_of_ticket"], {"ticket_id": ticket_id})
    return get(connection, ticket_id)


def open_ticket(
    connection: Connection,
    recorded: RecordedPrediction,
    *,
    alarm_id: int,
    state: TicketState,
    priority: int,
    summary: str,
    need_by: datetime,
    decision: Mapping[str, Any],
    visit_length: timedelta,
    now: datetime,
) -> int | None:
    """The new ticket's id; None when this alarm needs no other ticket (see the query)."""
    row = connection.execute(
        SQL["open"],
        {
            "device_id": recorded.device_id,
            "failure_mode": recorded.prediction.failure_mode,
            "prediction_id": recorded.prediction_id,
            "alarm_id": alarm_id,
            "state": state,
            "priority": priority,
            "summary": summary,
            "need_by": need_by,
            "decision": Jsonb(decision),
            "visit_length": visit_length,
            "now": now,
        },
    ).fetchone()
    return int(row[0]) if row else None


def hold_case(connection: Connection, *, device_id: int, failure_mode: str) -> None:
    """Lock this device's failure mode until the transaction ends."""
    connection.execute(SQL["lock_case"], {"device_id": device_id, "failure_mode": failure_mode})


def unsettled(connection: Connection, *, device_id: int, failure_mode: str) -> int | None:
    """The id of the ticket that is to be settled, of a case that the caller holds; None without one."""
    row = connection.execute(SQL["unsettled"], {"device_id": device_id, "failure_mode": failure_mode}).fetchone()
    return int(row[0]) if row else None


def open_found(
    connection: Connection,
    *,
    device_id: int,
    failure_mode: str,
    alarm_type: str,
    priority: int,
    summary: str,
    need_by: datetime,
    visit_length: timedelta,
    now: datetime,
) -> int:
    """The id of a new ticket for a fault that somebody found; the caller holds its case, and there is none yet."""
    [(ticket_id,)] = connection.execute(
        SQL["open_found"],
        {
            "device_id": device_id,
            "failure_mode": failure_mode,
            "alarm_type": alarm_type,
            "priority": priority,
            "summary": summary,
            "need_by": need_by,
            "visit_length": visit_length,
            "now": now,
        },
    )
    return int(ticket_id)


def move(
    connection: Connection,
    *,
    ticket_id: int,
    version: int,
    state: TicketState,
    now: datetime,
    planned_for: datetime | None = None,
    closure_code: ClosureCode | None = None,
) -> bool:
    """Give the ticket another state. False when it no longer has that version."""
    cursor = connection.execute(
        SQL["move"],
        {
            "ticket_id": ticket_id,
            "version": version,
            "state": state,
            "planned_for": planned_for,
            "closure_code": closure_code,
            "now": now,
        },
    )
    return cursor.fetchone() is not None


def hasten(
    connection: Connection, *, ticket_id: int, priority: int, need_by: datetime, decision: Mapping[str, Any]
) -> None:
    """Give an unsettled ticket, whose case is locked, a higher priority and its new reason."""
    values = {"ticket_id": ticket_id, "priority": priority, "need_by": need_by, "decision": Jsonb(decision)}
    connection.execute(SQL["hasten"], values)


def next_version(connection: Connection, ticket_id: int) -> None:
    """Whoever has seen the locked ticket as it was must look again: something that hangs on it has changed."""
    connection.execute(SQL["next_version"], {"ticket_id": ticket_id})


def note_event(
    connection: Connection, *, ticket_id: int, at: datetime, who: str, what: str, detail: Mapping[str, Any]
) -> None:
    """Write a line of the ticket's history."""
    values = {"ticket_id": ticket_id, "at": at, "who": who, "what": what, "detail": Jsonb(detail)}
    connection.execute(SQL["note_event"], values)


def last_event(connection: Connection, *, ticket_id: int, what: str) -> datetime | None:
    """When that last happened to the ticket; None when it never did."""
    row = connection.execute(SQL["last_event"], {"ticket_id": ticket_id, "what": what}).fetchone()
    return row[0] if row else None


def note_replacement(connection: Connection, *, ticket_id: int, device_id: int, component: str, at: datetime) -> None:
    """Say on the component taken out at `at` which ticket replaced it."""
    values = {"ticket_id": ticket_id, "device_id": device_id, "component": component, "at": at}
    connection.execute(SQL["note_replacement"], values)


def get(connection: Connection, ticket_id: int) -> FiledTicket:
    """Raises NotFoundError."""
    query = sql.SQL(SQL["get"]).format(papers=papers())
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query, {"ticket_id": ticket_id}).fetchone()
    if row is None:
        raise NotFoundError(f"ticket {ticket_id} does not exist")
    place = {key: row.pop(key) for key in ("device_id", "device_model", "service_centre")}
    row["state"] = TicketState(row["state"])
    row["closure_code"] = ClosureCode(row["closure_code"]) if row["closure_code"] else None
    return FiledTicket(Ticket(**row), **place)
