"""Components that come back from visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row, dict_row

from domain.errors import NotFoundError
from domain.part_return import Finding, PartReturn, ReturnState
from store.database import Connection
from store.sql import load

SQL = load("returns")


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return as it is listed, with how its ticket was closed."""

    return_id: int
    ticket_id: int
    device: str
    device_model: str
    failure_mode: str
    closure_code: str | None
    component: str
    part_no: str | None
    service_centre: str
    state: str
    findings: str | None
    note: str
    restocked: bool
    expected_at: datetime
    received_at: datetime | None
    inspected_at: datetime | None
    inspected_by: str | None


@dataclass(frozen=True, slots=True)
class FindingsRow:
    """Closed tickets of a failure mode, and what was found of the components that came back."""

    device_model: str
    failure_mode: str
    closed: int
    closed_no_fault_found: int
    returned: int
    worn: int
    defective: int
    no_fault_found: int
    damaged: int


def expect(
    connection: Connection, *, ticket_id: int, component: str, part_no: str | None, service_centre: str, now: datetime
) -> None:
    """A component was taken out; a second time for the same ticket changes nothing."""
    values = {"ticket_id": ticket_id, "component": component, "part_no": part_no}
    connection.execute(SQL["expect"], {**values, "service_centre": service_centre, "now": now})


def lock(connection: Connection, return_id: int) -> PartReturn:
    """The return, locked until the transaction ends. Raises NotFoundError."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(SQL["lock"], {"return_id": return_id}).fetchone()
    if row is None:
        raise NotFoundError(f"return {return_id} does not exist: look it up in the list")
    findings = Finding(row["findings"]) if row["findings"] else None
    return PartReturn(**{**row, "state": ReturnState(row["state"]), "findings": findings})


def receive(connection: Connection, return_id: int, *, now: datetime) -> None:
    """It is there."""
    connection.execute(SQL["receive"], {"return_id": return_id, "now": now})


def inspect(
    connection: Connection, return_id: int, *, findings: Finding, note: str, restocked: bool, who: str, now: datetime
) -> None:
    """What was found of it."""
    values = {"findings": findings, "note": note, "restocked": restocked, "who": who}
    connection.execute(SQL["inspect"], {"return_id": return_id, "now": now, **values})


def listing(
    connection: Connection,
    *,
    states: Sequence[str] | None = None,
    return_id: int | None = None,
    ticket_id: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[ReturnRow]:
    """Returns, newest first: of all states when `states` is None, the named one, or what comes back from one ticket."""
    wanted = {"states": list(states) if states else None, "return_id": return_id, "ticket_id": ticket_id}
    with connection.cursor(row_factory=class_row(ReturnRow)) as cursor:
        return cursor.execute(SQL["listing"], {**wanted, "after": after, "limit": limit}).fetchall()


def get(connection: Connection, return_id: int) -> ReturnRow:
    """One return as it is listed. Raises NotFoundError."""
    for row in listing(connection, return_id=return_id):
        return row
    raise NotFoundError(f"return {return_id} does not exist: look it up in the list")


def findings_by_mode(connection: Connection) -> list[FindingsRow]:
    """Of every failure mode that a ticket was closed for."""
    with connection.cursor(row_factory=class_row(FindingsRow)) as cursor:
        return cursor.execute(SQL["findings"]).fetchall()
