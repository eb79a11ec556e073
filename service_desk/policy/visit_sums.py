"""What each date of a visit is expected to cost, and what a visit in time saves, told line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from domain.device_model import FailureMode
from domain.money import Money
from domain.ticket import DecisionLine
from service_desk.policy.options import Action, Choice
from service_desk.policy.renewal import Floats

HOUR = timedelta(hours=1)
TITLES: Mapping[Action, str] = {
    Action.ACT_NOW: "Visit as early as it can be arranged",
    Action.JOIN_PLANNED: "Join the planned visit",
    Action.WAIT: "Visit later",
}


def tell_date(choice: Choice, place: int, *, now: datetime, visit_id: int | None, chosen: bool) -> dict[str, Any]:
    """The date at that place of one device's choice, as it is stored with the ticket."""
    failed, action = float(choice.failed[place]), choice.action(place)
    lines = [
        DecisionLine(f"Visit before the failure, {1 - failed:.1%}", int(choice.visit[place])),
        DecisionLine(f"Emergency visit with downtime, {failed:.1%}", int(choice.emergency[place])),
        DecisionLine(f"Penalty of the contract, {failed:.1%}", int(choice.penalty[place])),
        DecisionLine("Parts", choice.kit),
        DecisionLine("Useful life thrown away", int(choice.life[place])),
    ]
    if not lines[2].minor:
        del lines[2]
    return {
        "name": action.value,
        "title": TITLES[action],
        "at": (now + float(choice.hours[place]) * HOUR).isoformat(),
        "visit_id": visit_id if action is Action.JOIN_PLANNED else None,
        "failed_by": failed,
        "lines": [as_document(line) for line in lines],
        "total": int(choice.total[place]),
        "chosen": chosen,
    }


def savings_of(risk: Floats, mode: FailureMode, penalty: int = 0) -> tuple[Floats, Floats, Floats, Floats]:
    """Of each risk what a visit in time saves within the horizon, in whole minor units: the emergency, the penalty,
    less the visit itself, less the one that would have been needless."""
    costs = mode.costs
    return (
        np.rint(costs.emergency_visit.minor * risk),
        np.rint(penalty * risk),
        -np.rint(costs.planned_visit.minor * risk),
        -np.rint(costs.needless_visit.minor * (1 - risk)),
    )


def savings(risk: float, mode: FailureMode, penalty: int = 0) -> list[DecisionLine]:
    """`savings_of` one risk, line by line: the parts are paid in any case when it fails."""
    emergency, broken, planned, needless = (int(amount) for amount in savings_of(np.asarray(risk), mode, penalty))
    lines = [
        DecisionLine(f"Emergency visit with downtime avoided, {risk:.1%}", emergency),
        DecisionLine(f"Planned visit instead, {risk:.1%}", planned),
        DecisionLine(f"Needless visit, {1 - risk:.1%}", needless),
    ]
    if penalty:
        lines.insert(1, DecisionLine(f"Penalty of the contract avoided, {risk:.1%}", broken))
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
