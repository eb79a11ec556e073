"""Technicians of the service centres."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import psycopg
from psycopg.rows import dict_row

from domain.errors import ChangedMeanwhileError, NotFoundError
from domain.visit import CentreKind, Technician
from store.database import Connection
from store.sql import load

SQL = load("technicians")


def list_technicians(
    connection: Connection, *, service_centre: str | None = None, technician: str | None = None, active: bool = False
) -> dict[int, Technician]:
    """By technician id, in the order of names: all, of one centre, or the named one; active: only who works."""
    wanted = {"service_centre": service_centre, "technician": technician, "active": active}
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(SQL["list_technicians"], wanted).fetchall()
    return {row.pop("technician_id"): Technician(**_with_tuples(row)) for row in rows}


def save(connection: Connection, technician: Technician) -> int:
    """Store as new, or as the version after the one that it bears (None: after the present one); the new version.

    Raises NotFoundError for a service centre that there is not, ConflictError when someone else has changed it since.
    """
    values: dict[str, Any] = asdict(technician)
    values |= {"skills": list(technician.skills), "closed_days": list(technician.closed_days)}
    shifts = sum(closes - opens for windows in technician.shifts.week.values() for opens, closes in windows) / 60
    try:
        row = connection.execute(SQL["save"], {**values, "shift_hours": shifts}).fetchone()
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFoundError(
            f"technician {technician.technician}: there is no service centre {technician.service_centre!r}: it comes "
            "into being when a device is registered with it"
        ) from error
    if row is None:
        changed = f"technician {technician.technician} was changed by someone else meanwhile: load it again"
        raise ChangedMeanwhileError(changed)
    return int(row[0])


def set_centre_kind(connection: Connection, *, service_centre: str, kind: CentreKind) -> None:
    """Say whether a centre is authorised. Raises NotFoundError."""
    if not connection.execute(SQL["set_centre_kind"], {"service_centre": service_centre, "kind": kind}).rowcount:
        raise NotFoundError(f"there is no service centre {service_centre!r}")


def _with_tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
