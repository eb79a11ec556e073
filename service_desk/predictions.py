"""From a prediction to an alarm, a ticket and reserved parts, and back again when it is retracted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog

from alerts import lifecycle, rules
from domain.alarm import AlarmChange, AlarmSource
from domain.device_model import DeviceModel, FailureMode
from domain.prediction import RecordedPrediction
from domain.stock import Reservation
from domain.ticket import TicketState
from service_desk import parts, tickets
from service_desk.entitlement.settling import settle
from service_desk.gates import look_at_gate
from service_desk.ticket_record import record_change
from service_desk.visit_budget import must_wait
from service_desk.weighing import Weighed, quick_saving, weigh
from store import parts as store_parts
from store import predictions as store_predictions
from store import tickets as store_tickets
from store.database import Connection, Database
from store.retry import in_transaction
from store.tickets import Case

log = structlog.get_logger()
SYSTEM = lifecycle.SYSTEM
UNPLANNED = (TicketState.SUGGESTED, TicketState.OPEN)
LOCKS_AT_ONCE = 500
"""Of the 6,400 and more that a PostgreSQL server has room for, for all its connections."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a prediction changed. `ticket`: suggested, opened, hastened or cancelled, as the ticket's history says."""

    alarm: AlarmChange | None = None
    alarm_id: int | None = None
    ticket: str | None = None
    ticket_id: int | None = None
    reservations: tuple[Reservation, ...] = ()


def act_on_predictions(
    database: Database, device_model: DeviceModel, predictions: Iterable[RecordedPrediction], *, now: datetime
) -> list[Outcome]:
    """Act on each in a short transaction of its own, repeated on a deadlock; one log line for each that changed
    something. Those that have nothing to change, which are most, are settled together. The costliest to leave go
    first, so that visits and parts are theirs; the outcomes are in the order of `predictions`."""
    predictions, outcomes = list(predictions), dict[int, Outcome]()
    uneventful = _settle_uneventful(database, predictions, now)
    eventful = [recorded for recorded in predictions if recorded.prediction_id not in uneventful]
    for recorded in sorted(eventful, key=lambda one: -quick_saving(device_model, one)):
        act = partial(act_on_prediction, device_model=device_model, recorded=recorded, now=now)
        outcome = outcomes[recorded.prediction_id] = in_transaction(database, act)
        if outcome.ticket or outcome.alarm not in (None, AlarmChange.REPEATED):
            log.info(
                "prediction acted on",
                device=recorded.prediction.device,
                failure_mode=recorded.prediction.failure_mode,
                prediction_id=recorded.prediction_id,
                alarm=outcome.alarm,
                alarm_id=outcome.alarm_id,
                ticket=outcome.ticket,
                ticket_id=outcome.ticket_id,
            )
    return [outcomes.get(recorded.prediction_id, Outcome()) for recorded in predictions]


def _settle_uneventful(database: Database, predictions: Sequence[RecordedPrediction], now: datetime) -> set[int]:
    quiet = [
        recorded
        for recorded in predictions
        if rules.judge(recorded.prediction.risk, recorded.alarm_threshold) is not rules.Verdict.RAISE
    ]
    settled: set[int] = set()
    for start in range(0, len(quiet), LOCKS_AT_ONCE):
        few = partial(store_predictions.mark_uneventful, recorded=quiet[start : start + LOCKS_AT_ONCE], at=now)
        settled |= in_transaction(database, few)
    return settled


def act_on_prediction(
    connection: Connection, device_model: DeviceModel, recorded: RecordedPrediction, now: datetime
) -> Outcome:
    """Bring alarm, ticket and parts of this device and failure mode in line with a prediction, and mark it as acted on.

    The same prediction again, one that is older than what was acted on, and one from before the component was
    replaced change nothing. A retracted prediction keeps the ticket when the device has failed meanwhile.
    Raises NotFoundError when the device or the failure mode does not exist.
    """
    mode = device_model.failure_mode(recorded.prediction.failure_mode)
    met = store_tickets.lock_case(connection, recorded, component=mode.component, event_codes=mode.event_codes)
    outcome = Outcome()
    if not met.settled and not met.renewed:
        verdict = rules.judge(recorded.prediction.risk, recorded.alarm_threshold)
        if verdict is rules.Verdict.RAISE:
            outcome = _raise(connection, device_model, mode, recorded, met, now)
        elif verdict is rules.Verdict.CLEAR and not met.failed:
            outcome = _withdraw(connection, recorded, met, now)
    store_predictions.mark_acted(connection, recorded, at=now)
    return outcome


def _raise(
    connection: Connection,
    device_model: DeviceModel,
    mode: FailureMode,
    recorded: RecordedPrediction,
    met: Case,
    now: datetime,
) -> Outcome:
    prediction = recorded.prediction
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
        device_id=recorded.device_id,
        alarm_type=rules.alarm_type(mode.name),
        severity=rules.severity(prediction.rul_low, mode.lead_time),
        source=AlarmSource.PREDICTION,
        message=rules.message(prediction, mode),
        now=now,
        failure_mode=mode.name,
        prediction_id=recorded.prediction_id,
        saving=weighed.decision.saving,
        deferred=waits,
    )
    outcome = Outcome(alarm=raised.change, alarm_id=raised.alarm.alarm_id)
    if met.ticket_id is None:
        return _open(connection, device_model, mode, recorded, met, weighed, now, outcome, held=raised.alarm.deferred)
    return _hasten(connection, recorded, met, weighed, now, outcome)


def _open(
    connection: Connection,
    device_model: DeviceModel,
    mode: FailureMode,
    recorded: RecordedPrediction,
    met: Case,
    weighed: Weighed,
    now: datetime,
    outcome: Outcome,
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
    kit = parts.reserve_kit(
        connection,
        ticket_id=ticket_id,
        service_centre=met.service_centre,
        kit=mode.kit if opens else (),
        need_by=weighed.need_by,
        who=SYSTEM,
        now=now,
    )
    return replace(outcome, ticket=what, ticket_id=ticket_id, reservations=tuple(kit))


def _hasten(
    connection: Connection, recorded: RecordedPrediction, met: Case, weighed: Weighed, now: datetime, outcome: Outcome
) -> Outcome:
    """Raise the priority of the unsettled ticket, at most to 1; it is never lowered, so that it does not flap."""
    assert met.ticket_id is not None
    assert met.priority is not None
    urgency, needed = weighed.priority, weighed.need_by
    if urgency >= met.priority:
        return replace(outcome, ticket_id=met.ticket_id)
    document = weighed.decision.document
    store_tickets.hasten(connection, ticket_id=met.ticket_id, priority=urgency, need_by=needed, decision=document)
    store_parts.hasten_reservations(connection, ticket_id=met.ticket_id, need_by=needed)
    detail = {"priority": urgency, "was": met.priority, "prediction_id": recorded.prediction_id}
    record_change(connection, ticket_id=met.ticket_id, what="hastened", who=SYSTEM, now=now, detail=detail)
    return replace(outcome, ticket="hastened", ticket_id=met.ticket_id)


def _withdraw(connection: Connection, recorded: RecordedPrediction, met: Case, now: datetime) -> Outcome:
    """Clear the alarm; cancel a ticket that nobody has planned and release its parts."""
    prediction = recorded.prediction
    reason = f"prediction retracted: risk {prediction.risk:.0%} as of {prediction.as_of:%Y-%m-%d %H:%M} UTC"
    alarm = lifecycle.clear_type(
        connection,
        device_id=recorded.device_id,
        alarm_type=rules.alarm_type(prediction.failure_mode),
        who=SYSTEM,
        now=now,
        reason=reason,
    )
    outcome = Outcome(AlarmChange.CLEARED, alarm.alarm_id) if alarm else Outcome()
    if met.ticket_id is None or not met.predicted or met.state not in UNPLANNED:
        return outcome
    tickets.cancel(connection, ticket_id=met.ticket_id, reason=reason, who=SYSTEM, now=now)
    return replace(outcome, ticket="cancelled", ticket_id=met.ticket_id)
