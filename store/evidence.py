"""What is known of how right predictions are: closures by technicians, and the gates that they move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from store.database import Connection
from store.sql import load

SQL = load("evidence")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of the latest closures those that were right and wrong; the champion's precision on held-out devices, and whether
    the gate was open when it was last found; None when either is not known."""

    right: int
    wrong: int
    held_out: float | None
    was_open: bool | None


@dataclass(frozen=True, slots=True)
class GateRow:
    """A gate as it was found at a closure."""

    gate_finding_id: int
    device_model: str
    failure_mode: str
    found_at: datetime
    ticket_id: int | None
    auto_open: bool
    turned: bool
    precision: float
    precision_low: float
    precision_high: float
    right_closures: int
    wrong_closures: int
    held_out: float | None
    required: float
    reason: str


def read_evidence(
    connection: Connection, *, device_model: str, failure_mode: str, component: str, latest: int
) -> Evidence:
    """Of the latest so many closures of tickets that a prediction had opened. component: of the failure mode."""
    wanted = {"device_model": device_model, "failure_mode": failure_mode, "component": component, "latest": latest}
    with connection.cursor(row_factory=class_row(Evidence)) as cursor:
        evidence = cursor.execute(SQL["evidence"], wanted).fetchone()
    assert evidence is not None
    return evidence


def add_gate_finding(
    connection: Connection,
    *,
    device_model: str,
    failure_mode: str,
    ticket_id: int,
    at: datetime,
    finding: Mapping[str, Any],
) -> None:
    """Note what a closure made of a gate. finding: the fields of a judged gate by name."""
    place = {"device_model": device_model, "failure_mode": failure_mode, "ticket_id": ticket_id, "at": at}
    connection.execute(SQL["add_gate_finding"], {**finding, **place})


def gates(connection: Connection) -> Sequence[GateRow]:
    """The newest finding of each failure mode that has one."""
    with connection.cursor(row_factory=class_row(GateRow)) as cursor:
        return cursor.execute(SQL["gates"]).fetchall()


def gate_history(
    connection: Connection, *, device_model: str, failure_mode: str, limit: int = 100
) -> Sequence[GateRow]:
    """Every finding of a failure mode, newest first."""
    wanted = {"device_model": device_model, "failure_mode": failure_mode, "limit": limit}
    with connection.cursor(row_factory=class_row(GateRow)) as cursor:
        return cursor.execute(SQL["gate_history"], wanted).fetchall()


def failures_per_reading(connection: Connection, *, prediction_id: int) -> float:
    """How many failures there were per reading that the prediction's model learnt from; 0 when that is not known."""
    row = connection.execute(SQL["failures_per_reading"], {"prediction_id": prediction_id}).fetchone()
    return float(row[0]) if row else 0.0


def cost_rate(connection: Connection, *, prediction_id: int) -> float | None:
    """What a device costs per hour in the long run, in planned visits with their parts, as the prediction's model
    version has learnt it (`service_desk.policy.cost_rate`); None for a version that does not tell."""
    row = connection.execute(SQL["cost_rate"], {"prediction_id": prediction_id}).fetchone()
    return row[0] if row else None
