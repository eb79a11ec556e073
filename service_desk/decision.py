"""Acting now against waiting, as a sum of money that anyone can check: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.device_model import FailureMode, Part
from domain.money import Money
from domain.prediction import Prediction
from domain.ticket import Decision, DecisionLine

ACT, WAIT = "act_now", "wait"


def decide(prediction: Prediction, mode: FailureMode, parts: Sequence[Part]) -> Decision:
    """Expected cost over the prediction's horizon of a visit now and of waiting.

    A visit now prevents the failure, or is needless when there would have been none; waiting costs an emergency visit
    when the failure comes. The kit is paid in both when the failure is real.
    """
    risk, costs, kit = prediction.risk, mode.costs, kit_cost(mode, parts)
    healthy = 1 - risk
    act_now = [
        _line(f"Planned visit that prevents the failure, {risk:.0%}", costs.planned_visit, risk),
        _line(f"Parts for it, {risk:.0%}", kit, risk),
        _line(f"Needless visit, {healthy:.0%}", costs.needless_visit, healthy),
    ]
    wait = [
        _line(f"Emergency visit with downtime, {risk:.0%}", costs.emergency_visit, risk),
        _line(f"Parts for it, {risk:.0%}", kit, risk),
    ]
    currency = kit.currency
    saving = Money(total(wait) - total(act_now), currency)
    if saving.minor >= 0:
        return Decision(ACT, currency, act_now, wait, f"A visit now saves {saving} on average")
    loss = Money(-saving.minor, currency)
    return Decision(WAIT, currency, act_now, wait, f"Waiting saves {loss} on average")


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


def priority(prediction: Prediction, mode: FailureMode, decision: Decision) -> int:
    """1 (most urgent) to 5.

    1: the failure may come before a visit can; 2: within twice that notice; 3: within the horizon; 4: later;
    5: waiting is cheaper.
    """
    if decision.action == WAIT:
        return 5
    if prediction.rul_low <= mode.lead_time:
        return 1
    if prediction.rul_low <= 2 * mode.lead_time:
        return 2
    return 3 if prediction.rul <= prediction.horizon else 4


def saving(decision: Decision) -> int:
    """What acting now saves as expected, in minor units of the currency; negative when waiting is cheaper."""
    return total(decision.wait) - total(decision.act_now)


def total(lines: Sequence[DecisionLine]) -> int:
    """Sum in minor units."""
    return sum(line.minor for line in lines)


def decision_document(decision: Decision, prediction: Prediction) -> dict[str, Any]:
    """The decision as it is stored with the ticket: every line, the sums and what they rest on."""
    return {
        "action": decision.action,
        "reason": decision.reason,
        "currency": decision.currency,
        "act_now": [{"label": line.label, "minor": line.minor} for line in decision.act_now],
        "act_now_total": total(decision.act_now),
        "wait": [{"label": line.label, "minor": line.minor} for line in decision.wait],
        "wait_total": total(decision.wait),
        "risk": prediction.risk,
        "horizon_hours": prediction.horizon.total_seconds() / 3600,
        "rul_hours": prediction.rul.total_seconds() / 3600,
        "rul_low_hours": prediction.rul_low.total_seconds() / 3600,
        "as_of": prediction.as_of.isoformat(),
    }


def _line(label: str, amount: Money, probability: float) -> DecisionLine:
    return DecisionLine(label, amount.times(probability).minor)
