"""What was measured of champions in operation: stored findings, and how their tickets were closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.database import Connection
from store.sql import load

SQL = load("drift")


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One finding as `drift_findings` holds it."""

    kind: str
    subject: str
    measure: float
    boundary: float
    sample: int
    drifted: bool
    message: str


def record(connection: Connection, rows: Sequence[DriftRow], *, model_version_id: int, at: datetime) -> None:
    """Store the findings of one measurement; the same measurement again changes nothing."""
    with connection.cursor() as cursor:
        cursor.executemany(
            SQL["record"],
            [
                {
                    "model_version_id": model_version_id,
                    "at": at,
                    "kind": row.kind,
                    "subject": row.subject,
                    "measure": row.measure,
                    "boundary": row.boundary,
                    "sample": row.sample,
                    "drifted": row.drifted,
                    "message": row.message,
                }
                for row in rows
            ],
        )


@dataclass(frozen=True, slots=True)
class DriftMeasurement:
    """What one measurement found, what is nearest to its boundary or furthest beyond it first."""

    measured_at: datetime
    findings: Sequence[DriftRow]


def latest(connection: Connection, *, model_version_id: int) -> DriftMeasurement | None:
    """A version's latest measurement; None before the first."""
    rows = connection.execute(SQL["latest"], {"model_version_id": model_version_id}).fetchall()
    return DriftMeasurement(rows[0][0], [DriftRow(*row[1:]) for row in rows]) if rows else None


def closures(connection: Connection, *, model_version_id: int, latest: int) -> tuple[int, int]:
    """Of the latest tickets that a version's predictions opened and a technician closed: how many were right (confirmed
    or worn), and how many found no fault."""
    row = connection.execute(SQL["closures"], {"model_version_id": model_version_id, "latest": latest}).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
