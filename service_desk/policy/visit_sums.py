"""What each date of a visit is expected to cost, and what a visit in time saves, told line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.device_model import FailureMode
from domain.money import Money
from domain.ticket import DecisionLine
from service_desk.policy.options import Action, RiskCurve

HOUR = timedelta(hours=1)
TITLES: Mapping[Action, str] = {
    Action.ACT_NOW: "Visit as early as it can be arranged",
    Action.JOIN_PLANNED: "Join the planned visit",
    Action.WAIT: "Visit later",
}


@dataclass(frozen=True, slots=True)
class VisitSums:
    """Tells options line by line. kit: what the parts cost; the rest as in `ticket_decision.Situation` and `Stakes`."""

    mode: FailureMode
    kit: Money
    now: datetime
    journey: int
    penalty: int
    curve: RiskCurve
    hour_of_life: float

    def of_visit(self, name: Action, hours: float, visit_id: int | None, *, chosen: bool) -> dict[str, Any]:
        """The option as it is stored with the ticket."""
        joins = name is Action.JOIN_PLANNED
        failed = self.curve.at(hours)
        visit = self.mode.costs.planned_visit.minor - (self.journey if joins else 0)
        lines = [
            DecisionLine(f"Visit before the failure, {1 - failed:.1%}", round(visit * (1 - failed))),
            *self._of_failure(failed),
            DecisionLine("Parts", self.kit.minor),
            DecisionLine("Useful life thrown away", round(self.hour_of_life * self.curve.hours_lost(hours))),
        ]
        at = self.now + hours * HOUR
        return _document(name, lines, at, failed, visit_id if joins else None, chosen=chosen)

    def _of_failure(self, failed: float) -> list[DecisionLine]:
        emergency = round(self.mode.costs.emergency_visit.minor * failed)
        lines = [DecisionLine(f"Emergency visit with downtime, {failed:.1%}", emergency)]
        if penalty := round(self.penalty * failed):
            lines.append(DecisionLine(f"Penalty of the contract, {failed:.1%}", penalty))
        return lines


def savings(risk: float, mode: FailureMode, penalty: int = 0) -> list[DecisionLine]:
    """What a visit in time saves within the horizon, line by line: the parts are paid in any case when it fails."""
    costs = mode.costs
    lines = [
        DecisionLine(f"Emergency visit with downtime avoided, {risk:.1%}", costs.emergency_visit.times(risk).minor),
        DecisionLine(f"Planned visit instead, {risk:.1%}", -costs.planned_visit.times(risk).minor),
        DecisionLine(f"Needless visit, {1 - risk:.1%}", -costs.needless_visit.times(1 - risk).minor),
    ]
    if penalty:
        lines.insert(1, DecisionLine(f"Penalty of the contract avoided, {risk:.1%}", round(penalty * risk)))
    return lines


def tell_reason(chosen: Mapping[str, Any], options: Sequence[Mapping[str, Any]], saving: int, currency: str) -> str:
    """Why that option is the choice, in a sentence with its money."""
    if saving < 0:
        return f"Waiting saves {Money(-saving, currency)} on average"
    told = f"{chosen['title']}: a visit in time saves {Money(saving, currency)} on average"
    others = [option["total"] for option in options if not option["chosen"]]
    if not others:
        return told
    return f"{told}, and this date {Money(max(min(others) - chosen['total'], 0), currency)} against the next best"


def as_document(line: DecisionLine) -> dict[str, Any]:
    """As it is stored with the ticket."""
    return {"label": line.label, "minor": line.minor}


def _document(
    name: Action, lines: Sequence[DecisionLine], at: datetime, failed: float, visit_id: int | None, *, chosen: bool
) -> dict[str, Any]:
    return {
        "name": name.value,
        "title": TITLES[name],
        "at": at.isoformat(),
        "visit_id": visit_id,
        "failed_by": failed,
        "lines": [as_document(line) for line in lines],
        "total": sum(line.minor for line in lines),
        "chosen": chosen,
    }
