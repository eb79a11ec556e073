"""SLA clocks of tickets and their pauses. Callers hold the lock of the ticket's case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg.rows import class_row

from domain.entitlement import ClockKind, PauseReason
from store.database import Connection
from store.sql import load

SQL = load("sla_clocks")


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock as it was started, when it was stopped, and when its warning and its breach were told."""

    kind: str
    contract_no: str
    started_at: datetime
    window_length: timedelta
    time_zone: str
    hours: str
    holidays: str
    closed_days: Sequence[date]
    pause_reasons: Sequence[str]
    stopped_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PauseRow:
    """A stretch in which nobody could go on."""

    reason: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reached:
    """A clock that reached its warning, or its due time when `breached`."""

    kind: ClockKind
    contract_no: str
    due_at: datetime
    breached: bool


def start(connection: Connection, *, ticket_id: int, clock: ClockRow, warn_at: datetime, due_at: datetime) -> None:
    """Start a clock of a ticket; one that was started before keeps its start."""
    connection.execute(
        SQL["start"],
        {
            "ticket_id": ticket_id,
            "kind": clock.kind,
            "contract_no": clock.contract_no,
            "started_at": clock.started_at,
            "window": clock.window_length,
            "time_zone": clock.time_zone,
            "hours": clock.hours,
            "holidays": clock.holidays,
            "closed_days": list(clock.closed_days),
            "pause_reasons": list(clock.pause_reasons),
            "warn_at": warn_at,
            "due_at": due_at,
        },
    )


def clocks(connection: Connection, *, ticket_id: int) -> list[ClockRow]:
    """The clocks of a ticket, that of the response first."""
    with connection.cursor(row_factory=class_row(ClockRow)) as cursor:
        return cursor.execute(SQL["clocks"], {"ticket_id": ticket_id}).fetchall()


def pauses(connection: Connection, *, ticket_id: int) -> list[PauseRow]:
    """The pauses of a ticket, oldest first."""
    with connection.cursor(row_factory=class_row(PauseRow)) as cursor:
        return cursor.execute(SQL["pauses"], {"ticket_id": ticket_id}).fetchall()


def begin_pause(connection: Connection, *, ticket_id: int, reason: PauseReason, now: datetime) -> bool:
    """False when the ticket is paused already."""
    values = {"ticket_id": ticket_id, "reason": reason, "now": now}
    return connection.execute(SQL["begin_pause"], values).fetchone() is not None


def end_pause(connection: Connection, *, ticket_id: int, now: datetime) -> bool:
    """False when the ticket is not paused."""
    return connection.execute(SQL["end_pause"], {"ticket_id": ticket_id, "now": now}).fetchone() is not None


def tell_again(connection: Connection, *, ticket_id: int, kind: ClockKind) -> None:
    """A clock that goes on is told of anew when it is about to breach or has."""
    connection.execute(SQL["tell_again"], {"ticket_id": ticket_id, "kind": kind})


def set_state(
    connection: Connection,
    *,
    ticket_id: int,
    kind: str,
    stopped_at: datetime | None,
    paused: bool,
    warn_at: datetime,
    due_at: datetime,
) -> None:
    """Note where a clock stands after something happened to it."""
    connection.execute(
        SQL["set_state"],
        {
            "ticket_id": ticket_id,
            "kind": kind,
            "stopped_at": stopped_at,
            "paused": paused,
            "warn_at": warn_at,
            "due_at": due_at,
        },
    )


def note_due(connection: Connection, *, ticket_id: int) -> None:
    """Bring the due times that the ticket shows in line with its clocks."""
    connection.execute(SQL["note_due"], {"ticket_id": ticket_id})


def reached(connection: Connection, *, now: datetime, limit: int) -> list[int]:
    """Tickets with a clock that reached its warning or its due time and was not told of."""
    return [ticket_id for (ticket_id,) in connection.execute(SQL["reached"], {"now": now, "limit": limit})]


def note_reached(connection: Connection, *, ticket_id: int, now: datetime) -> list[Reached]:
    """Note what this ticket's clocks have reached; the caller tells what is returned, nobody gets it again."""
    rows = connection.execute(SQL["note_reached"], {"ticket_id": ticket_id, "now": now})
    return [Reached(ClockKind(kind), contract_no, due_at, breached) for kind, contract_no, due_at, breached in rows]
