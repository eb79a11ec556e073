"""What alarms at a threshold would have brought on held-out lives: visits, lead times and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domain.device_model import FailureMode
from models.calibration import Floats
from models.lives import HOUR_MS, Lives

HOURS_A_YEAR = 8766.0
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


def cheapest_threshold(traces: Sequence[LifeTrace], mode: FailureMode) -> float:
    """The risk at which acting costs least over the lives; the middle of the thresholds that are as good."""
    cost = np.array(
        [sum(cost_of(life, follow_alarms(life, float(t), mode), mode) for life in traces) for t in THRESHOLDS]
    )
    best = int(cost.argmin())
    good = cost <= cost[best] * (1 + FLAT)
    low = high = best
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(good) - 1 and good[high + 1]:
        high += 1
    return float(THRESHOLDS[(low + high) // 2])


def alarm_metrics(traces: Sequence[LifeTrace], threshold: float, mode: FailureMode) -> dict[str, float | int | None]:
    """How the alarms at the threshold would have served a planner; None where there was nothing to measure."""
    outcomes = [follow_alarms(life, threshold, mode) for life in traces]
    leads = [outcome.lead for outcome in outcomes if outcome.lead is not None]
    failures = sum(life.failed for life in traces)
    needless = sum(outcome.needless for outcome in outcomes)
    years = sum(float(life.left[0]) for life in traces) / HOURS_A_YEAR
    cost = sum(cost_of(life, outcome, mode) for life, outcome in zip(traces, outcomes, strict=True))
    run_to_failure = failures * mode.costs.emergency_visit.minor
    in_time = sum(lead >= hours(mode.lead_time) for lead in leads)
    return {
        "alarm_precision": _share(len(leads), len(leads) + needless),
        "alarm_recall_in_time": _share(in_time, failures),
        "median_lead_time_hours": float(np.median(leads)) if leads else None,
        "false_alarms_per_device_year": _share(needless, years),
        "cost_minor": round(cost),
        "cost_run_to_failure_minor": run_to_failure,
        "cost_ratio": _share(cost, run_to_failure),
    }


def hours(length: timedelta) -> float:
    """The length in hours."""
    return length.total_seconds() / 3600


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
