"""A prediction of a failure: its alarm, its ticket and the reserved parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from alerts import lifecycle, rules
from domain.alarm import AlarmSource, Occurrence
from domain.device_model import DeviceModel, FailureMode, KitLine
from domain.prediction import RecordedPrediction
from domain.ticket import UNPLANNED, TicketState
from service_desk.entitlement.settling import settle
from service_desk.gates import look_at_gate
from service_desk.prediction_outcome import Outcome
from service_desk.remote_first import Remote, remote_first
from service_desk.reserving import reserve_kit
from service_desk.ticket_record import record_change
from service_desk.visit_budget import must_wait
from service_desk.weighing import Weighed, weigh
from store import reservations, troubleshooting
from store import tickets as store_tickets
from store.database import Connection
from store.tickets import Case

SYSTEM = lifecycle.SYSTEM


def raise_and_open(
    connection: Connection,
    device_model: DeviceModel,
    mode: FailureMode,
    recorded: RecordedPrediction,
    met: Case,
    now: datetime,
    kit: Sequence[KitLine] | None = None,
) -> Outcome:
    """Raise the alarm or count its repetition, and open a ticket, suggest one, or hasten the one that is there.

    Where the failure mode's troubleshooting begins by itself, the ticket waits for what that finds. kit: the parts that
    it found to be needed; None: the failure mode's.
    """
    prediction = recorded.prediction
    latest = troubleshooting.latest(connection, device_id=recorded.device_id, failure_mode=mode.name)
    remote = remote_first(mode, latest, now) if met.ticket_id is None else Remote.NOTHING
    if remote is Remote.FIXED:
        return Outcome()
    weighed = weigh(
        connection, device_model, recorded, service_centre=met.service_centre, ticket_id=met.ticket_id, now=now
    )
    waits = met.ticket_id is None and must_wait(
        connection,
        service_centre=met.service_centre,
        saving=weighed.decision.saving,
        visit_length=mode.visit_length,
        need_by=weighed.need_by,
        now=now,
    )
    raised = lifecycle.raise_alarm(
        connection,
        Occurrence(
            device_id=recorded.device_id,
            alarm_type=rules.alarm_type(mode.name),
            severity=rules.severity(prediction.rul_low, mode.lead_time),
            source=AlarmSource.PREDICTION,
            message=rules.message(prediction, mode),
            failure_mode=mode.name,
            prediction_id=recorded.prediction_id,
            saving=weighed.decision.saving,
            deferred=waits,
        ),
        now=now,
    )
    outcome = Outcome(alarm=raised.change, alarm_id=raised.alarm.alarm_id)
    if remote is Remote.BEGINS:
        _look_into(connection, mode, recorded, now)
    if remote is not Remote.NOTHING:
        return outcome
    if met.ticket_id is None:
        kit = mode.kit if kit is None else kit
        held = raised.alarm.deferred
        return _open(connection, device_model, mode, recorded, met, weighed, now, outcome, kit, held=held)
    return _hasten(connection, recorded, met, weighed, now, outcome)


def _look_into(connection: Connection, mode: FailureMode, recorded: RecordedPrediction, now: datetime) -> None:
    assert mode.troubleshooting is not None
    troubleshooting.start(
        connection,
        device_id=recorded.device_id,
        failure_mode=mode.name,
        alarm_type=rules.alarm_type(mode.name),
        step=mode.troubleshooting.first.name,
        who=SYSTEM,
        now=now,
        prediction_id=recorded.prediction_id,
    )


def _open(
    connection: Connection,
    device_model: DeviceModel,
    mode: FailureMode,
    recorded: RecordedPrediction,
    met: Case,
    weighed: Weighed,
    now: datetime,
    outcome: Outcome,
    kit: Sequence[KitLine],
    *,
    held: bool,
) -> Outcome:
    """Open the ticket and reserve its kit, or only suggest it while the mode's gate is shut.

    held: no visit is left for it, so that it is suggested too, until `visit_budget.reconsider` finds room.
    """
    assert outcome.alarm_id is not None
    gate = look_at_gate(connection, device_model=device_model.name, mode=mode, held_out=recorded.precision)
    opens = gate.auto_open and not held
    ticket_id = store_tickets.open_ticket(
        connection,
        recorded,
        alarm_id=outcome.alarm_id,
        state=TicketState.OPEN if opens else TicketState.SUGGESTED,
        priority=weighed.priority,
        summary=rules.message(recorded.prediction, mode),
        need_by=weighed.need_by,
        decision=weighed.decision.document,
        visit_length=mode.visit_length,
        now=now,
    )
    if ticket_id is None:
        return outcome
    settle(connection, device_model, ticket_id=ticket_id, now=now)
    what = "opened" if opens else "suggested"
    detail = {
        "alarm_id": outcome.alarm_id,
        "prediction_id": recorded.prediction_id,
        "precision": recorded.precision,
        "gate": gate.reason,
    }
    if held and gate.auto_open:
        detail["held"] = True
    record_change(connection, ticket_id=ticket_id, what=what, who=SYSTEM, now=now, detail=detail)
    held_parts = reserve_kit(
        connection,
        ticket_id=ticket_id,
        service_centre=met.service_centre,
        kit=kit if opens else (),
        need_by=weighed.need_by,
        who=SYSTEM,
        now=now,
    )
    return replace(outcome, ticket=what, ticket_id=ticket_id, reservations=tuple(held_parts))


def _hasten(
    connection: Connection, recorded: RecordedPrediction, met: Case, weighed: Weighed, now: datetime, outcome: Outcome
) -> Outcome:
    """Raise the priority of the unsettled ticket, at most to 1; it is never lowered, so that it does not flap. Where
    its decision joins a planned visit that is too late by now, the new decision counts as well."""
    assert met.ticket_id is not None
    assert met.priority is not None
    urgency, needed = min(weighed.priority, met.priority), weighed.need_by
    late = _joins_too_late(met, weighed)
    if urgency == met.priority and not late:
        return replace(outcome, ticket_id=met.ticket_id)
    document = weighed.decision.document
    store_tickets.hasten(connection, ticket_id=met.ticket_id, priority=urgency, need_by=needed, decision=document)
    reservations.hasten_reservations(connection, ticket_id=met.ticket_id, need_by=needed)
    detail: dict[str, object] = {"priority": urgency, "was": met.priority, "prediction_id": recorded.prediction_id}
    if late:
        detail["no_longer_joins"] = met.joins_visit
    record_change(connection, ticket_id=met.ticket_id, what="hastened", who=SYSTEM, now=now, detail=detail)
    return replace(outcome, ticket="hastened", ticket_id=met.ticket_id)


def _joins_too_late(met: Case, weighed: Weighed) -> bool:
    """Whether the visit that an unplanned ticket was to join is called off, or later than what is cheapest now."""
    if met.joins_visit is None or met.state not in UNPLANNED or weighed.decision.joins_visit == met.joins_visit:
        return False
    return met.joined_at is None or weighed.decision.visit_at < met.joined_at
