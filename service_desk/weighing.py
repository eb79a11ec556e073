"""Gathers what the decision about a visit rests on: entitlement, parts, planned visits, and how often it failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.business_hours import due
from domain.device_model import DeviceModel, FailureMode
from domain.entitlement import ClockHours, Contract
from domain.money import Money
from domain.prediction import RecordedPrediction
from domain.ticket import ReservationState
from service_desk.entitlement.assessment import Entitlement, assess
from service_desk.maintenance import planned_visits
from service_desk.policy import ticket_decision
from service_desk.policy.ticket_decision import Decision, PlannedVisit, Situation
from service_desk.policy.visit_sums import savings
from service_desk.sourcing import Way, merge_lines, plan_kit
from store import entitlement, evidence, reservations
from store.database import Connection
from store.part_network import read_network

ON_THE_SHELF = "the parts are on the shelf"


@dataclass(frozen=True, slots=True)
class Weighed:
    """The decision, and what it makes of the ticket. need_by: part and technician must be there by then."""

    decision: Decision
    priority: int
    need_by: datetime


def weigh(
    connection: Connection,
    device_model: DeviceModel,
    recorded: RecordedPrediction,
    *,
    service_centre: str,
    ticket_id: int | None,
    now: datetime,
) -> Weighed:
    """When a visit is due because of this prediction. ticket_id: of the unsettled ticket, which may hold parts."""
    prediction = recorded.prediction
    mode = device_model.failure_mode(prediction.failure_mode)
    entitled = assess(connection, device_model, device_id=recorded.device_id, failure_mode=mode.name, now=now)
    wait, reason = _parts_wait(connection, mode, service_centre=service_centre, ticket_id=ticket_id, now=now)
    penalty, penalty_reason = _penalty(entitled, max(wait, mode.lead_time), now, device_model.currency)
    visits = planned_visits(connection, device_model, device_id=recorded.device_id, now=now)
    situation = Situation(
        now=now,
        parts_wait=wait,
        parts_reason=reason,
        journey=_journey(connection, recorded.device_id, mode),
        penalty=penalty,
        penalty_reason=penalty_reason,
        cost_rate=_cost_rate(connection, device_model, recorded.prediction_id),
        planned_visits=[PlannedVisit(one.visit_id, one.starts_at) for one in visits],
        contract_priority=min((one.priority for one in entitled.contracts), default=None),
    )
    decision = ticket_decision.decide(prediction, mode, device_model.parts, situation)
    urgency = ticket_decision.priority(prediction, mode, decision, situation)
    return Weighed(decision, urgency, ticket_decision.need_by(prediction, mode, now))


def _cost_rate(connection: Connection, device_model: DeviceModel, prediction_id: int) -> float:
    """As the model version has learnt it; of one that tells none only the failures per hour."""
    learnt = evidence.cost_rate(connection, prediction_id=prediction_id)
    if learnt is not None:
        return learnt
    failures = evidence.failures_per_reading(connection, prediction_id=prediction_id)
    return failures / (device_model.reading_interval / timedelta(hours=1))


def quick_saving(device_model: DeviceModel, recorded: RecordedPrediction) -> int:
    """About what a visit in time saves, in minor units, by prediction and catalog alone."""
    mode = device_model.failure_mode(recorded.prediction.failure_mode)
    return sum(line.minor for line in savings(recorded.prediction.risk, mode))


def _parts_wait(
    connection: Connection, mode: FailureMode, *, service_centre: str, ticket_id: int | None, now: datetime
) -> tuple[timedelta, str]:
    """How long until the whole kit can be at the centre, and why so long."""
    held = reservations.held(connection, ticket_id=ticket_id) if ticket_id else []
    ready = {one.kit_part_no for one in held if one.state is not ReservationState.BACKORDERED}
    kit = [line for line in merge_lines(mode.kit) if line.part_no not in ready]
    if not kit:
        return timedelta(0), ON_THE_SHELF
    wanted = sorted({part_no for line in kit for part_no in (line.part_no, *line.substitutes)})
    network = read_network(connection, service_centre, wanted)
    last = max(
        (supply.source for supply in plan_kit(kit, network, need_by=now + mode.lead_time, now=now)),
        key=lambda source: source.arrives_at,
    )
    if last.way is Way.SHELF:
        return timedelta(0), ON_THE_SHELF
    how = f"sent from {last.service_centre}" if last.way is Way.TRANSFER else "bought"
    return last.arrives_at - now, f"{last.part_no} has to be {how}"


def _penalty(entitled: Entitlement, takes: timedelta, now: datetime, currency: str) -> tuple[int, str]:
    """What an emergency costs in repair windows that nobody could keep, because a visit with its parts takes longer."""
    missed = [one for one in entitled.contracts if one.breach_penalty and _misses(one, entitled, takes, now)]
    total = sum(one.breach_penalty for one in missed)
    told = [f"{one.contract_no} promises repair within {one.repair_hours:g} h: {Money(one.breach_penalty, currency)}"
            for one in missed]  # fmt: skip
    return total, "; ".join(told)


def _misses(contract: Contract, entitled: Entitlement, takes: timedelta, now: datetime) -> bool:
    if contract.repair_hours is None:
        return False
    window = timedelta(hours=contract.repair_hours)
    always = contract.hours is ClockHours.ALWAYS
    return now + takes > (now + window if always else due(entitled.site_hours, now, window))


def _journey(connection: Connection, device_id: int, mode: FailureMode) -> int:
    facts = entitlement.device_facts(connection, device_id=device_id)
    described: Sequence[int] = [
        site.travel_cost for site in entitlement.list_sites(connection, customer=facts.customer, site=facts.site)
    ]
    return min(max(described, default=0), mode.costs.planned_visit.minor)
