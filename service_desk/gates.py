"""The gate of a failure mode: found anew at each closure, asked whenever a prediction would open a ticket."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from domain.device_model import FailureMode
from service_desk.policy.gate import LATEST, GateFinding, judge_gate
from store import audit, evidence
from store.database import Connection
from store.evidence import Evidence


def look_at_gate(
    connection: Connection, *, device_model: str, mode: FailureMode, held_out: float | None
) -> GateFinding:
    """Whether a ticket of this mode opens by itself now. held_out: precision of the version that predicts."""
    return _judge(_evidence(connection, device_model, mode), mode, held_out)


def note_closure(
    connection: Connection, *, device_model: str, mode: FailureMode, ticket_id: int, who: str, now: datetime
) -> GateFinding:
    """Store what a closure, or what came back of it, made of the gate, with a line in the audit log when it turned."""
    known = _evidence(connection, device_model, mode)
    found = _judge(known, mode, known.held_out)
    evidence.add_gate_finding(
        connection,
        device_model=device_model,
        failure_mode=mode.name,
        ticket_id=ticket_id,
        at=now,
        finding=asdict(found),
    )
    if found.turned:
        action = "gate opened" if found.auto_open else "gate shut"
        detail = {"reason": found.reason, "ticket": ticket_id}
        audit.record(
            connection,
            at=now,
            who=who,
            action=action,
            object_kind="failure_mode",
            object_id=f"{device_model}/{mode.name}",
            detail=detail,
        )
    return found


def _evidence(connection: Connection, device_model: str, mode: FailureMode) -> Evidence:
    return evidence.read_evidence(
        connection, device_model=device_model, failure_mode=mode.name, component=mode.component, latest=LATEST
    )


def _judge(known: Evidence, mode: FailureMode, held_out: float | None) -> GateFinding:
    return judge_gate(
        right=known.right,
        wrong=known.wrong,
        held_out=held_out,
        required=mode.gate_precision,
        was_open=known.was_open,
    )
