"""Alarms on held-out lives as a planner counts them: failures caught, visits for nothing, notice and money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from domain.device_model import FailureMode
from models.calibration import Floats
from models.confidence import Figure, bootstrap, poisson, ratio, sum_by_device, wilson
from models.evaluation import THRESHOLDS, Follower, LifeTrace, Outcome, cost_of, hours, outcomes_of
from models.lives import Integers

HOURS_A_YEAR = 8766.0
LEAD_BINS = 12
LEVELS = 200
"""Of notice that the bootstrap of its median tells apart."""


def follow_all(traces: Sequence[LifeTrace], thresholds: Floats, mode: FailureMode) -> list[Outcome]:
    """What alarms at each life's own threshold led to."""
    return outcomes_of(Follower.of(traces, mode).follow(thresholds))


def alarm_figures(
    traces: Sequence[LifeTrace], outcomes: Sequence[Outcome], devices: Integers, mode: FailureMode
) -> dict[str, Figure]:
    """How the alarms would have served a planner; `devices`: of each life.

    Intervals are the wider of a bootstrap over devices and the exact or Wilson interval of so many events: the first
    knows that devices differ, the second that none in a few is not none for ever.
    """
    if not traces:
        return {name: Figure(None) for name in ALARM_FIGURES}
    count = {name: np.array(told, dtype=np.float64) for name, told in _counts(traces, outcomes, mode).items()}
    total = {name: float(told.sum()) for name, told in count.items()}

    def spread(part: str, whole: str) -> tuple[float, float] | None:
        return bootstrap(sum_by_device(devices, count[part], count[whole]), ratio)

    right = Figure.within(
        _share(total["true"], total["tickets"]), spread("true", "tickets"), wilson(total["true"], total["tickets"])
    )
    return {
        "alarm_precision": right,
        "tickets_per_failure": _inverse(right),
        "alarm_recall_in_time": Figure.within(
            _share(total["in_time"], total["failures"]),
            spread("in_time", "failures"),
            wilson(total["in_time"], total["failures"]),
        ),
        "false_alarms_per_device_year": Figure.within(
            _share(total["needless"], total["years"]),
            spread("needless", "years"),
            poisson(total["needless"], total["years"]),
        ),
        "median_lead_time_hours": _median_lead(outcomes, devices),
        "cost_ratio": Figure.within(_share(total["cost"], total["run_to_failure"]), spread("cost", "run_to_failure")),
    }


ALARM_FIGURES = (
    "alarm_precision",
    "tickets_per_failure",
    "alarm_recall_in_time",
    "false_alarms_per_device_year",
    "median_lead_time_hours",
    "cost_ratio",
)


def device_years(traces: Sequence[LifeTrace]) -> float:
    """For how long the lives were watched."""
    return sum(float(life.left[0]) for life in traces) / HOURS_A_YEAR


def lead_histogram(traces: Sequence[LifeTrace], outcomes: Sequence[Outcome], mode: FailureMode) -> dict[str, Any]:
    """Failures by the notice that the alarm gave: counts within `edges` (hours), how many had none, and the notice that
    a visit with its part needs."""
    leads = [outcome.lead for outcome in outcomes if outcome.lead is not None]
    edges = np.linspace(0, 2 * hours(mode.horizon), LEAD_BINS + 1)
    failures = sum(life.failed for life in traces)
    return {
        "edges": [float(f"{edge:.4g}") for edge in edges],
        "counts": np.histogram(np.clip(leads, 0, edges[-1]), edges)[0].tolist() if leads else [0] * LEAD_BINS,
        "without": failures - len(leads),
        "needed": hours(mode.lead_time),
    }


def cost_curve(costs: Floats, failures: int, mode: FailureMode) -> dict[str, Any]:
    """What all lives together would have cost in minor units at each threshold, and what they cost run to failure.
    costs: thresholds by lives. failures: how many of the lives failed."""
    return {
        "thresholds": [float(f"{threshold:.4g}") for threshold in THRESHOLDS],
        "costs": [round(float(cost)) for cost in costs.sum(axis=1)],
        "run_to_failure": failures * mode.costs.emergency_visit.minor,
        "currency": mode.costs.emergency_visit.currency,
    }


def _counts(traces: Sequence[LifeTrace], outcomes: Sequence[Outcome], mode: FailureMode) -> dict[str, list[float]]:
    pairs = list(zip(traces, outcomes, strict=True))
    needed = hours(mode.lead_time)
    return {
        "failures": [float(life.failed) for life, _ in pairs],
        "true": [float(outcome.lead is not None) for _, outcome in pairs],
        "in_time": [float(outcome.lead is not None and outcome.lead >= needed) for _, outcome in pairs],
        "needless": [float(outcome.needless) for _, outcome in pairs],
        "tickets": [outcome.needless + float(outcome.lead is not None) for _, outcome in pairs],
        "years": [float(life.left[0]) / HOURS_A_YEAR for life, _ in pairs],
        "cost": [cost_of(life, outcome, mode) for life, outcome in pairs],
        "run_to_failure": [life.failed * float(mode.costs.emergency_visit.minor) for life, _ in pairs],
    }


def _inverse(share: Figure) -> Figure:
    """One over the share; without an upper end where the share may be 0."""
    value, low, high = (1 / end if end else None for end in (share.value, share.high, share.low))
    return Figure(value, low, high)


def _median_lead(outcomes: Sequence[Outcome], devices: Integers) -> Figure:
    told = np.array([outcome.lead is not None for outcome in outcomes])
    if not told.any():
        return Figure(None)
    leads = np.array([outcome.lead for outcome in outcomes if outcome.lead is not None])
    levels = np.unique(np.quantile(leads, np.linspace(0, 1, LEVELS)))
    level = np.minimum(np.searchsorted(levels, leads), len(levels) - 1)

    def median(drawn: Floats) -> Floats:
        reached = np.cumsum(drawn, axis=1) >= drawn.sum(axis=1, keepdims=True) / 2
        return np.asarray(levels[reached.argmax(axis=1)])

    of_level = [(level == number).astype(np.float64) for number in range(len(levels))]
    interval = bootstrap(sum_by_device(devices[told], *of_level), median)
    return Figure.within(float(np.median(leads)), interval)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
