"""Problems that people reported, with the telemetry of the day before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.errors import NotFoundError
from store.database import Connection
from store.sql import fitted, load

SQL = load("problem_reports")


@dataclass(frozen=True, slots=True)
class ProblemReport:
    """`readings_size`: bytes of the telemetry that is kept with it; 0: there was none."""

    report_id: int
    reported_at: datetime
    reported_by: str
    problem: str
    readings_size: int


def add(
    connection: Connection,
    *,
    device_id: int,
    ticket_id: int,
    problem: str,
    token: str,
    readings: bytes,
    who: str,
    now: datetime,
) -> None:
    """Keep a report; the caller holds the device's case and has looked for the token."""
    connection.execute(
        SQL["add"],
        {
            "device_id": device_id,
            "ticket_id": ticket_id,
            "problem": problem,
            "token": token,
            "readings": readings,
            "who": who,
            "now": now,
        },
    )


def ticket_of_token(connection: Connection, *, device_id: int, token: str) -> int | None:
    """The ticket of a report that was sent before; None when it was not."""
    row = connection.execute(SQL["ticket_of_token"], {"device_id": device_id, "token": token}).fetchone()
    return int(row[0]) if row else None


def count_since(connection: Connection, *, device_id: int, since: datetime) -> int:
    """How many reports of this device came after that."""
    [(count,)] = connection.execute(SQL["count_since"], {"device_id": device_id, "since": since})
    return int(count)


def of_ticket(connection: Connection, *, ticket_id: int) -> list[ProblemReport]:
    """Oldest first."""
    with connection.cursor(row_factory=class_row(ProblemReport)) as cursor:
        return cursor.execute(fitted(SQL, "of_ticket", "reporter"), {"ticket_id": ticket_id}).fetchall()


def readings(connection: Connection, *, report_id: int) -> tuple[str, bytes]:
    """The device's name, and its readings as CSV in gzip. Raises NotFoundError."""
    row = connection.execute(SQL["readings"], {"report_id": report_id}).fetchone()
    if row is None:
        raise NotFoundError(f"problem report {report_id} does not exist")
    return row[0], bytes(row[1])
