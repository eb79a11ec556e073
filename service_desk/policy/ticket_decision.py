"""The sum behind a ticket: every date that its visit could have, what each is expected to cost, and the cheapest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.device_model import FailureMode, Part
from domain.money import Money
from domain.prediction import Prediction
from service_desk.policy.options import Action, Choice, Stakes, choose
from service_desk.policy.risk_curve import risk_curve
from service_desk.policy.visit_sums import HOUR, as_document, savings, tell_date, tell_reason


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit to the device that is booked anyway."""

    visit_id: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """What the decision rests on beside the prediction and the catalog.

    parts_wait: how long until the whole kit can be at the service centre, and why. journey: what of a planned visit's
    cost is saved when someone is there anyway. penalty: what an emergency costs in missed windows of contracts.
    cost_rate: what a device costs per hour in the long run, in planned visits with their parts: what an hour of life is
    worth. contract_priority: the most urgent one.
    """

    now: datetime
    parts_wait: timedelta = timedelta(0)
    parts_reason: str = ""
    journey: int = 0
    penalty: int = 0
    penalty_reason: str = ""
    cost_rate: float = 0.0
    planned_visits: Sequence[PlannedVisit] = ()
    contract_priority: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """When to visit, and the document stored with the ticket. saving: see `visit_sums.savings`, in minor units."""

    action: Action
    visit_at: datetime
    joins_visit: int | None
    saving: int
    document: dict[str, Any]


def decide(prediction: Prediction, mode: FailureMode, parts: Sequence[Part], situation: Situation) -> Decision:
    """Compare a visit as early as visit and parts allow, each planned visit, and the best later date.

    Of the money it is what all payers spend together: who pays does not make a date cheaper.
    """
    currency, stakes = mode.costs.planned_visit.currency, stakes_of(mode, parts, situation)
    notice = max(mode.lead_time, situation.parts_wait) / HOUR
    visits = {(one.starts_at - situation.now) / HOUR: one.visit_id for one in situation.planned_visits}
    curve = risk_curve(prediction, now=situation.now)
    choice = choose(curve, stakes, notice=notice, planned_visits=sorted(visits))
    best = int(choice.total.argmin())
    options = [
        tell_date(choice, place, now=situation.now, visit_id=visits.get(choice.hours[place]), chosen=place == best)
        for place in _to_tell(choice)
    ]
    chosen = next(option for option in options if option["chosen"])
    lines = savings(prediction.risk, mode, situation.penalty)
    saving = sum(line.minor for line in lines)
    visit_at = situation.now + float(choice.hours[best]) * HOUR
    action = choice.action(best) if saving >= 0 else Action.WAIT
    document = {
        "action": action.value,
        "reason": tell_reason(chosen, options, saving, currency),
        "currency": currency,
        "visit_at": visit_at.isoformat(),
        "joins_visit": chosen["visit_id"],
        "saving": saving,
        "saving_lines": [as_document(line) for line in lines],
        "options": options,
        "notice_hours": notice,
        "notice_reason": situation.parts_reason
        if situation.parts_wait > mode.lead_time
        else "so long a visit takes to arrange",
        "penalty_reason": situation.penalty_reason,
        "hour_of_life": stakes.hour_of_life,
        "decided_at": situation.now.isoformat(),
        "risk": prediction.risk,
        "horizon_hours": prediction.horizon / HOUR,
        "rul_hours": prediction.rul / HOUR,
        "rul_low_hours": prediction.rul_low / HOUR,
        "as_of": prediction.as_of.isoformat(),
    }
    return Decision(action, visit_at, chosen["visit_id"], saving, document)


def stakes_of(mode: FailureMode, parts: Sequence[Part], situation: Situation) -> Stakes:
    """What a visit and a failure cost in that situation."""
    visit, kit = mode.costs.planned_visit, kit_cost(mode, parts)
    return Stakes(
        visit=visit.minor,
        emergency=mode.costs.emergency_visit.minor,
        kit=kit.minor,
        journey=situation.journey,
        penalty=situation.penalty,
        hour_of_life=situation.cost_rate * (visit + kit).minor,
    )


def kit_cost(mode: FailureMode, parts: Sequence[Part]) -> Money:
    """What the parts of one repair cost."""
    prices = {part.part_no: part.unit_cost for part in parts}
    cost = Money(0, mode.costs.planned_visit.currency)
    for line in mode.kit:
        cost += prices[line.part_no].times(line.quantity)
    return cost


def need_by(prediction: Prediction, mode: FailureMode, now: datetime) -> datetime:
    """When the part must be on the shelf: a visit's notice before the early bound of the failure, and never in the
    past."""
    return max(prediction.as_of + prediction.rul_low - mode.lead_time, now)


def priority(prediction: Prediction, mode: FailureMode, decision: Decision, situation: Situation) -> int:
    """1 (most urgent) to 5.

    1: the failure may come before a visit can; 2: within twice that notice; 3: within the horizon; 4: later;
    5: waiting is cheaper. A contract of priority 1 makes that two steps more urgent, one of priority 2 one step.
    """
    if decision.saving < 0:
        return 5
    if prediction.rul_low <= mode.lead_time:
        return 1
    urgency = 2 if prediction.rul_low <= 2 * mode.lead_time else 3 if prediction.rul <= prediction.horizon else 4
    usual = 3
    return max(urgency - max(usual - (situation.contract_priority or usual), 0), 1)


def _to_tell(choice: Choice) -> list[int]:
    """Places of the dates that a ticket shows: of the later ones the best."""
    first_later = choice.joins + 1
    later = choice.total[first_later:]
    return [*range(first_later), *([first_later + int(later.argmin())] if len(later) else [])]
