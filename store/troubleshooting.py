"""Runs of decision trees: at most one under way for each failure mode of a device, and their trails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, kwargs_row
from psycopg.types.json import Jsonb

from domain.errors import NotFoundError
from domain.troubleshooting import Outcome, Run, Standing, TrailEntry
from store.database import Connection
from store.sql import fitted, load

SQL = load("troubleshooting")


@dataclass(frozen=True, slots=True)
class Place:
    """A run, and the case that it is about."""

    run_id: int
    device_id: int
    failure_mode: str


@dataclass(frozen=True, slots=True)
class RemoteFix:
    """A failure mode of a device that was mended from afar."""

    device: str
    device_model: str
    failure_mode: str
    fixed_at: datetime


def start(
    connection: Connection,
    *,
    device_id: int,
    failure_mode: str,
    alarm_type: str,
    step: str,
    who: str,
    now: datetime,
    prediction_id: int | None = None,
) -> int | None:
    """The new run's id; None when one is under way."""
    row = connection.execute(
        SQL["start"],
        {
            "device_id": device_id,
            "failure_mode": failure_mode,
            "alarm_type": alarm_type,
            "step": step,
            "who": who,
            "now": now,
            "prediction_id": prediction_id,
        },
    ).fetchone()
    return int(row[0]) if row else None


def latest(connection: Connection, *, device_id: int, failure_mode: str) -> Standing | None:
    """The newest run of this failure mode of this device, if there is one."""
    row = connection.execute(SQL["latest"], {"device_id": device_id, "failure_mode": failure_mode}).fetchone()
    if row is None:
        return None
    started_at, ended_at, outcome, by_prediction = row
    return Standing(started_at, ended_at, Outcome(outcome) if outcome else None, by_prediction)


def to_do(connection: Connection, *, now: datetime, after: int, limit: int) -> list[Place]:
    """Runs behind the id `after` that have something to do by themselves at `now`."""
    rows = connection.execute(SQL["to_do"], {"now": now, "after": after, "limit": limit})
    return [Place(*row) for row in rows]


def place(connection: Connection, run_id: int) -> Place:
    """Which case a run is about. Raises NotFoundError."""
    row = connection.execute(SQL["place"], {"run_id": run_id}).fetchone()
    if row is None:
        raise NotFoundError(f"troubleshooting run {run_id} does not exist: look it up in the list")
    return Place(run_id, *row)


def lock(connection: Connection, run_id: int) -> Run:
    """The run, locked until the transaction ends. Raises NotFoundError."""
    connection.execute(SQL["lock"], {"run_id": run_id})
    return get(connection, run_id)


def get(connection: Connection, run_id: int) -> Run:
    """One run. Raises NotFoundError."""
    found = listing(connection, run_id=run_id, limit=1)
    if not found:
        raise NotFoundError(f"troubleshooting run {run_id} does not exist: look it up in the list")
    return found[0]


def listing(
    connection: Connection,
    *,
    run_id: int | None = None,
    device: str | None = None,
    ticket_id: int | None = None,
    alarm_id: int | None = None,
    under_way: bool = False,
    after: int | None = None,
    limit: int,
) -> list[Run]:
    """Runs, newest first; `after` is the id of the last one of the page before."""
    wanted = {
        "run_id": run_id,
        "device": device,
        "ticket_id": ticket_id,
        "alarm_id": alarm_id,
        "under_way": under_way,
        "after": after,
        "limit": limit,
    }
    with connection.cursor(row_factory=kwargs_row(_run)) as cursor:
        return cursor.execute(fitted(SQL, "listing", "starter"), wanted).fetchall()


def wait(connection: Connection, run_id: int, *, command_id: int | None = None, until: datetime | None = None) -> None:
    """The run waits at its step, for a command or for an instant."""
    connection.execute(SQL["wait"], {"run_id": run_id, "command_id": command_id, "wakes_at": until})


def note(
    connection: Connection,
    run_id: int,
    *,
    at: datetime,
    step: str,
    title: str,
    answer: str,
    who: str,
    note: str,
    command_id: int | None,
) -> None:
    """Write what a step of a locked run has found to its trail."""
    connection.execute(
        SQL["note"],
        {
            "run_id": run_id,
            "at": at,
            "step": step,
            "title": title,
            "answer": answer,
            "who": who,
            "note": note,
            "command_id": command_id,
        },
    )


def go_to(connection: Connection, run_id: int, step: str, *, at: datetime) -> None:
    """A locked run is at another step, and waits for nothing yet."""
    connection.execute(SQL["go_to"], {"run_id": run_id, "step": step, "at": at})


def end(
    connection: Connection,
    run_id: int,
    *,
    outcome: Outcome,
    reason: str,
    at: datetime,
    parts: Mapping[str, int] | None = None,
    tools: Sequence[str] = (),
) -> None:
    """A locked run is over."""
    values = {"run_id": run_id, "outcome": outcome, "reason": reason, "at": at}
    connection.execute(SQL["end"], {**values, "parts": Jsonb(dict(parts or {})), "tools": Jsonb(list(tools))})


def attach(connection: Connection, run_id: int, ticket_id: int) -> None:
    """Put the run, its commands and the files that these brought to a ticket's record."""
    connection.execute(SQL["attach"], {"run_id": run_id, "ticket_id": ticket_id})


def withdraw(connection: Connection, *, device_id: int, failure_mode: str, reason: str, at: datetime) -> None:
    """End the run that a prediction began, if one is under way."""
    values = {"device_id": device_id, "failure_mode": failure_mode, "reason": reason, "at": at}
    connection.execute(SQL["withdraw"], values)


def trail(connection: Connection, run_id: int) -> list[TrailEntry]:
    """What the run's steps have found, in order."""
    with connection.cursor(row_factory=class_row(TrailEntry)) as cursor:
        return cursor.execute(fitted(SQL, "trail", "finder"), {"run_id": run_id}).fetchall()


def fixes(connection: Connection, *, since: datetime) -> list[RemoteFix]:
    """What was mended from afar since an instant, in order of time."""
    return [RemoteFix(*row) for row in connection.execute(SQL["fixed"], {"since": since})]


def _run(*, outcome: str | None, tools: list[str], **fields: Any) -> Run:
    return Run(outcome=Outcome(outcome) if outcome else None, tools=tuple(tools), **fields)
