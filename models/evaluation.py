"""What alarms at a threshold would have brought on held-out lives: visits, lead times and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domain.device_model import FailureMode
from models.calibration import Floats
from models.lives import HOUR_MS, Lives

THRESHOLDS: Floats = 1 / (1 + np.exp(-np.linspace(-5.5, 3.5, 73)))
FLAT = 0.01
"""Thresholds whose cost lies within this share of the least cost are as good as the best."""


@dataclass(frozen=True, slots=True)
class LifeTrace:
    """One held-out life: the risk told at each reading, and hours from each reading to the end of the life."""

    risk: Floats
    left: Floats
    failed: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the alarms of one life led to. lead: hours from the true alarm to the failure; None without one."""

    needless: int
    lead: float | None


def trace_lives(lives: Lives, risk: Floats) -> list[LifeTrace]:
    """Cut the risk of every reading into lives."""
    bounds = [*lives.first_row, len(risk)]
    left = lives.left_ms / HOUR_MS
    return [
        LifeTrace(risk[start:end], left[start:end], bool(failed))
        for start, end, failed in zip(bounds[:-1], bounds[1:], lives.failed, strict=True)
    ]


def follow_alarms(life: LifeTrace, threshold: float, mode: FailureMode) -> Outcome:
    """Send a technician whenever the risk reaches the threshold.

    The alarm is true when the life fails within twice the horizon. When it goes on for longer the visit was needless,
    and the next alarm can come only after that time. An alarm in a life that was censored sooner counts neither way.
    """
    patience = 2 * hours(mode.horizon)
    alarms = life.left[life.risk >= threshold]
    needless = 0
    while len(alarms) and alarms[0] > patience:
        needless += 1
        alarms = alarms[alarms <= alarms[0] - patience]
    true = life.failed and len(alarms) > 0
    return Outcome(needless, float(alarms[0]) if true else None)


def cost_of(life: LifeTrace, outcome: Outcome, mode: FailureMode) -> float:
    """Minor units that the life costs: its needless visits, and a planned visit when the alarm came at least the lead
    time before the failure, else an emergency visit.

    A planned visit that comes earlier than it must throws useful life away: it costs more by the share of the life
    that the lead time did not need.
    """
    costs = mode.costs
    total = float(outcome.needless * costs.needless_visit.minor)
    if not life.failed:
        return total
    early = outcome.lead - hours(mode.lead_time) if outcome.lead is not None else -1.0
    if early < 0:
        return total + costs.emergency_visit.minor
    return total + costs.planned_visit.minor * (1 + early / max(float(life.left[0]), early, 1e-9))


def cost_table(traces: Sequence[LifeTrace], mode: FailureMode) -> Floats:
    """Thresholds by lives: what each life would have cost, in minor units."""
    costs = np.empty((len(THRESHOLDS), len(traces)))
    for number, life in enumerate(traces):
        below = np.searchsorted(np.sort(life.risk), THRESHOLDS)
        different = np.flatnonzero(np.diff(below, prepend=-1))  # the alarms are the same in between
        cost = [cost_of(life, follow_alarms(life, float(THRESHOLDS[at]), mode), mode) for at in different]
        costs[:, number] = np.repeat(cost, np.diff(different, append=len(THRESHOLDS)))
    return costs


def cheapest_threshold(cost: Floats) -> float:
    """The risk at which acting costs least, given the cost at each of `THRESHOLDS`; the middle of those that are as
    good."""
    best = int(cost.argmin())
    good = cost <= cost[best] * (1 + FLAT)
    low = high = best
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(good) - 1 and good[high + 1]:
        high += 1
    return float(THRESHOLDS[(low + high) // 2])


def hours(length: timedelta) -> float:
    """The length in hours."""
    return length.total_seconds() / 3600
