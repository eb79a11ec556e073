"""Alarms counted as a planner counts them: horizon 40 h, lead time 20 h, planned 100, emergency 1000, needless 50."""

from __future__ import annotations

import numpy as np
import pytest

from domain.device_model import FailureMode
from models.alarm_figures import ALARM_FIGURES, alarm_figures, cost_curve, follow_all, lead_histogram
from models.confidence import Figure
from models.evaluation import THRESHOLDS, LifeTrace, cost_table


def life(hours: int, alarms: list[int], *, failed: bool) -> LifeTrace:
    left = np.arange(hours, -1, -1, dtype=float)
    return LifeTrace(np.where(np.isin(left, alarms), 0.9, 0.1), left, failed)


FLEET = [
    life(400, [30], failed=True),
    life(400, [10], failed=True),
    life(400, [], failed=True),
    life(7566, [100], failed=False),
]


def figures(traces: list[LifeTrace], mode: FailureMode) -> dict[str, Figure]:
    outcomes = follow_all(traces, np.full(len(traces), 0.5), mode)
    return alarm_figures(traces, outcomes, np.arange(len(traces)), mode)


def test_figures_count_what_a_planner_would(wear: FailureMode) -> None:
    told = figures(FLEET, wear)
    assert told["alarm_precision"].value == pytest.approx(2 / 3)
    assert told["tickets_per_failure"].value == pytest.approx(3 / 2)
    assert told["alarm_recall_in_time"].value == pytest.approx(1 / 3)
    assert told["median_lead_time_hours"].value == 20
    assert told["false_alarms_per_device_year"].value == pytest.approx(1.0)
    assert told["cost_ratio"].value == pytest.approx((100 * (1 + 10 / 400) + 1000 + 1000 + 50) / 3000)


def test_a_few_failures_leave_wide_intervals(wear: FailureMode) -> None:
    told = figures(FLEET, wear)
    caught, false = told["alarm_recall_in_time"], told["false_alarms_per_device_year"]
    assert caught.low is not None
    assert caught.high is not None
    assert caught.high - caught.low > 0.5
    assert false.low is not None
    assert false.high is not None
    assert false.high > 3


def test_no_false_ticket_in_a_year_is_not_none_for_ever(wear: FailureMode) -> None:
    told = figures([life(400, [30], failed=True), life(8366, [], failed=False)], wear)
    assert told["false_alarms_per_device_year"].value == 0
    assert told["false_alarms_per_device_year"].high == pytest.approx(3.0, abs=0.05)
    assert told["alarm_precision"].low == pytest.approx(0.27, abs=0.01)
    assert told["tickets_per_failure"].high == pytest.approx(1 / 0.27, abs=0.1)


@pytest.mark.parametrize("traces", [[], [life(0, [], failed=False)], [life(50, [], failed=False)] * 2])
def test_nothing_to_measure_is_none(traces: list[LifeTrace], wear: FailureMode) -> None:
    told = figures(traces, wear)
    assert told.keys() == set(ALARM_FIGURES)
    assert told["alarm_precision"].as_list() == told["cost_ratio"].as_list() == [None, None, None]
    assert told["tickets_per_failure"].value is None


def test_the_curves_show_all_failures_and_thresholds(wear: FailureMode) -> None:
    outcomes = follow_all(FLEET, np.full(4, 0.5), wear)
    leads = lead_histogram(FLEET, outcomes, wear)
    assert sum(leads["counts"]) == 2
    assert (leads["without"], leads["needed"], leads["edges"][-1]) == (1, 20, 80)
    curve = cost_curve(cost_table(FLEET, wear), sum(life.failed for life in FLEET), wear)
    assert len(curve["costs"]) == len(curve["thresholds"]) == len(THRESHOLDS)
    assert (curve["run_to_failure"], curve["currency"]) == (3000, "EUR")
    assert curve["costs"][-1] == curve["run_to_failure"]
