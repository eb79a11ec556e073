"""What other costs, another notice or another gate would make of the same predictions. Pure; nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from domain.device_model import FailureMode, Part
from domain.prediction_columns import PredictionColumns
from models.alarm_figures import cost_curve
from models.evaluation import Followed, cheapest_threshold
from service_desk.budget import Candidate, deferred
from service_desk.policy.options import choose
from service_desk.policy.renewal import Floats, Integers
from service_desk.policy.risk_curve import risk_curves
from service_desk.policy.ticket_decision import Situation, kit_cost, stakes_of
from service_desk.policy.visit_sums import savings_of

MICROSECOND, HOUR, WEEK = timedelta(microseconds=1), timedelta(hours=1), timedelta(weeks=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONDAY = EPOCH + timedelta(days=4)
AT_ONCE = 512
"""Devices whose dates are compared within a processor's cache."""


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


@dataclass(frozen=True, slots=True)
class _Asking:
    """Predictions that reached the threshold, a row each: what the best date of a visit is expected to cost, and what
    the visit saves."""

    told: PredictionColumns
    cost: Floats
    saving: Floats


def backtest(followed: Followed, mode: FailureMode) -> Backtest:
    """followed: what the alarms of each threshold led to on held-out lives."""
    costs = followed.costs(mode)
    return Backtest(cost_curve(costs, int(followed.failed.sum()), mode), cheapest_threshold(costs.sum(axis=1)))


def consequence(told: Sequence[PredictionColumns], terms: Terms) -> Consequence:
    """told: of each device the first prediction that reached the threshold, else its greatest.

    Every part counts as on the shelf, nobody's contract as broken, and a week's visits as made in the week of the
    alarm: what is compared are the terms alone.
    """
    acts = [one.risk >= terms.threshold for one in told]
    asking = [_weigh(one.part(act), terms) for one, act in zip(told, acts, strict=True)]
    waiting = _deferred(asking, terms)
    waits = [np.isin(one.told.device_id, waiting) for one in asking]
    tickets = sum(len(one.told) for one in asking)
    visits = tickets - len(waiting)
    left = [one.risk[~act] for one, act in zip(told, acts, strict=True)]
    left += [one.told.risk[wait] for one, wait in zip(asking, waits, strict=True)]
    failure = (terms.mode.costs.emergency_visit + kit_cost(terms.mode, terms.parts)).minor
    return Consequence(
        devices=sum(len(one) for one in told),
        tickets=tickets,
        opened=visits if terms.gate_open else 0,
        suggested=0 if terms.gate_open else visits,
        deferred=len(waiting),
        cost_of_visits=sum(int(one.cost[~wait].sum()) for one, wait in zip(asking, waits, strict=True)),
        cost_of_waiting=sum(int(np.rint(failure * risk).sum()) for risk in left),
    )


def _weigh(told: PredictionColumns, terms: Terms) -> _Asking:
    """As `ticket_decision.decide` does at the moment of each prediction."""
    stakes = stakes_of(terms.mode, terms.parts, Situation(now=EPOCH, cost_rate=terms.cost_rate))
    cost = np.empty(len(told))
    for start in range(0, len(told), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        choice = choose(risk_curves(told.part(rows)), stakes, notice=terms.mode.lead_time / HOUR)
        cost[rows] = choice.total.min(axis=1)
    return _Asking(told, cost, np.sum(savings_of(told.risk, terms.mode), axis=0))


def _deferred(asking: Sequence[_Asking], terms: Terms) -> Integers:
    """Ids of the devices that found no visit left, each week by itself."""
    waiting, weeks = [np.empty(0, dtype=np.int64)], defaultdict[int, list[Candidate]](list)
    for one in asking:
        late, candidates = _candidates(one, terms)
        waiting.append(late)
        for week, candidate in candidates:
            weeks[week].append(candidate)
    waiting += [np.array(list(deferred(some, terms.capacity, week)), np.int64) for week, some in weeks.items()]
    return np.concatenate(waiting)


def _candidates(asking: _Asking, terms: Terms) -> tuple[Integers, list[tuple[int, Candidate]]]:
    """Ids of devices that find no visit left whatever others save, because so many of the same centre and weeks save
    more as these weeks have visits; and of the rest the candidates with their weeks. Nobody waits where visits are not
    limited."""
    told, notice = asking.told, terms.mode.lead_time // MICROSECOND
    low = np.rint(told.lives[:, 0] * (HOUR // MICROSECOND)).astype(np.int64)
    week, last = _week(told.as_of), _week(np.maximum(told.as_of + low - notice, told.as_of))
    centres = {centre: number for number, centre in enumerate(terms.capacity)}
    takes = [terms.mode.visit_length / HOUR if centre in terms.in_hours else 1.0 for centre in centres]
    visits = np.array([most // take + 1 for most, take in zip(terms.capacity.values(), takes, strict=True)])
    centre = np.array([centres.get(name, -1) for name in told.service_centre.tolist()], dtype=np.int64)
    order = np.lexsort((told.device_id, -asking.saving, last, week, centre))
    order = order[centre[order] >= 0]
    alike = np.stack([centre, week, last])[:, order]
    hopeful = _places_among(alike) < visits[alike[0]] * (alike[2] - alike[1] + 1)
    rows = order[hopeful]
    columns = (week, told.device_id, told.service_centre, last, asking.saving, centre)
    candidates = [
        (begins, Candidate(device, name, latest, int(saving), takes[number]))
        for begins, device, name, latest, saving, number in zip(*(one[rows].tolist() for one in columns), strict=True)
    ]
    return told.device_id[order[~hopeful]], candidates


def _places_among(alike: Integers) -> Integers:
    """Of each column its place among those like it, which stand together."""
    first = np.flatnonzero(np.any(np.diff(alike, axis=1, prepend=-2), axis=0))
    columns = alike.shape[1]
    return np.arange(columns) - np.repeat(first, np.diff(first, append=columns))


def _week(instant: Integers) -> Integers:
    return np.asarray((instant - (MONDAY - EPOCH) // MICROSECOND) // (WEEK // MICROSECOND))
