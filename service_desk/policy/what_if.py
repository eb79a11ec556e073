"""What other costs, another notice or another gate would make of the same predictions. Pure; nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from domain.device_model import FailureMode, Part
from domain.prediction import Prediction
from models.alarm_figures import cost_curve
from models.evaluation import cheapest_threshold, cost_table, trace_lives
from models.lives import Lives
from service_desk.budget import Candidate, deferred
from service_desk.policy.ticket_decision import Decision, Situation, decide, kit_cost, need_by

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Backtest:
    """Cost of every threshold on held-out lives, as `models.alarm_figures.cost_curve` tells it, and the cheapest."""

    curve: Mapping[str, Any]
    threshold: float


@dataclass(frozen=True, slots=True)
class Consequence:
    """What came of predictions. Each of `tickets` is opened, only suggested because the gate is shut, or deferred
    because its centre had no visit left in that week. Amounts are expected costs in minor units: of the visits, and of
    the devices that nobody goes to."""

    devices: int
    tickets: int
    opened: int
    suggested: int
    deferred: int
    cost_of_visits: int
    cost_of_waiting: int

    @property
    def cost(self) -> int:
        """Both together."""
        return self.cost_of_visits + self.cost_of_waiting


@dataclass(frozen=True, slots=True)
class Terms:
    """By which predictions are judged. capacity: of a week by service centre, in hours where `in_hours` names the
    centre, else in visits; a centre that is not in it takes all. cost_rate: as `ticket_decision.Situation` takes it."""

    mode: FailureMode
    threshold: float
    gate_open: bool
    parts: Sequence[Part]
    capacity: Mapping[str, float]
    in_hours: frozenset[str]
    cost_rate: float


def backtest(lives: Lives, held_out: pd.DataFrame, mode: FailureMode) -> Backtest:
    """held_out: the predictions that the lives were cut from, with their `risk`."""
    traces = trace_lives(lives, held_out["risk"].to_numpy())
    costs = cost_table(traces, mode)
    return Backtest(cost_curve(costs, traces, mode), cheapest_threshold(costs.sum(axis=1)))


def consequence(told: Sequence[tuple[str, Prediction]], terms: Terms) -> Consequence:
    """told: of each device its service centre and the first prediction that reached the threshold, else its greatest.

    Every part counts as on the shelf, nobody's contract as broken, and a week's visits as made in the week of the
    alarm: what is compared are the terms alone.
    """
    acted = [
        (centre, prediction, _decision(prediction, terms))
        for centre, prediction in told
        if prediction.risk >= terms.threshold
    ]
    waiting = _deferred(acted, terms)
    visited = [decision for number, (*_, decision) in enumerate(acted) if number not in waiting]
    left = [prediction for _, prediction in told if prediction.risk < terms.threshold]
    left += [acted[number][1] for number in waiting]
    failure = terms.mode.costs.emergency_visit + kit_cost(terms.mode, terms.parts)
    return Consequence(
        devices=len(told),
        tickets=len(acted),
        opened=len(visited) if terms.gate_open else 0,
        suggested=0 if terms.gate_open else len(visited),
        deferred=len(waiting),
        cost_of_visits=sum(_expected(decision) for decision in visited),
        cost_of_waiting=sum(failure.times(prediction.risk).minor for prediction in left),
    )


def _decision(prediction: Prediction, terms: Terms) -> Decision:
    return decide(prediction, terms.mode, terms.parts, Situation(now=prediction.as_of, cost_rate=terms.cost_rate))


def _expected(decision: Decision) -> int:
    return int(next(option["total"] for option in decision.document["options"] if option["chosen"]))


def _deferred(acted: Sequence[tuple[str, Prediction, Decision]], terms: Terms) -> frozenset[int]:
    """Places in `acted` of those that found no visit left, each week by itself."""
    weeks: defaultdict[int, list[Candidate]] = defaultdict(list)
    for number, (centre, prediction, decision) in enumerate(acted):
        last = need_by(prediction, terms.mode, prediction.as_of)
        takes = terms.mode.visit_length / HOUR if centre in terms.in_hours else 1.0
        weeks[_week(prediction.as_of)].append(Candidate(number, centre, _week(last), decision.saving, takes))
    return frozenset().union(*(deferred(asking, terms.capacity, week) for week, asking in weeks.items()))


def _week(instant: datetime) -> int:
    return (instant - MONDAY) // WEEK
