"""What service centres can do in a week, and the tickets that ask for visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("visit_budget")


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a service centre can do in a week: hours of visits by its active technicians, or without any (`technicians`
    is 0, `hours` None) the number of visits that was stated."""

    service_centre: str
    technicians: int
    hours: float | None
    visits: int | None


@dataclass(frozen=True, slots=True)
class AskingRow:
    """A ticket that asks for a visit, at the latest in `week`, or has one (`committed`). takes: hours where the
    technicians are known, else 1. alarm_id: the uncleared alarm of its prediction; `saving` and `deferred` are the
    alarm's. Ticket 0 is planned maintenance."""

    ticket_id: int
    service_centre: str
    week: int
    saving: int
    takes: float
    committed: bool
    alarm_id: int | None
    deferred: bool


def hold(connection: Connection) -> None:
    """Be the one who decides who waits, until the transaction ends."""
    connection.execute(SQL["hold"])


def set_visits(connection: Connection, *, service_centre: str, visits: int | None) -> None:
    """Let a centre make so many visits a week, or as many as are asked for (None). Raises NotFoundError."""
    values = {"service_centre": service_centre, "visits": visits}
    if connection.execute(SQL["set_visits"], values).fetchone() is None:
        raise NotFoundError(f"there is no service centre {service_centre!r}: a device or site has to name it first")


def capacities(connection: Connection, service_centre: str | None = None) -> dict[str, Capacity]:
    """By service centre; one that is not in it takes all that is predicted."""
    with connection.cursor(row_factory=class_row(Capacity)) as cursor:
        rows = cursor.execute(SQL["capacities"], {"service_centre": service_centre}).fetchall()
    return {row.service_centre: row for row in rows}


def asking(connection: Connection, *, now: datetime, service_centre: str | None = None) -> list[AskingRow]:
    """By ticket, at one centre or all."""
    rows = connection.execute(SQL["asking"], {"now": now, "service_centre": service_centre})
    return [AskingRow(*row) for row in rows]


def week(connection: Connection, *, service_centre: str, instant: datetime) -> int:
    """In which week an instant is by the centre's clock, counted as in `AskingRow`."""
    [(number,)] = connection.execute(SQL["week"], {"service_centre": service_centre, "instant": instant})
    return int(number)


def held(connection: Connection) -> list[int]:
    """Suggested tickets that were not opened only because their alarm was deferred, which it is no longer."""
    return [ticket_id for (ticket_id,) in connection.execute(SQL["held"])]
