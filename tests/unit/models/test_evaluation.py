"""What alarms would have brought: horizon 40 h, lead time 20 h, planned 100, emergency 1000, needless 50."""

from __future__ import annotations

import numpy as np
import pytest

from domain.device_model import FailureMode
from models.evaluation import LifeTrace, Outcome, alarm_metrics, cheapest_threshold, cost_of, follow_alarms


def life(hours: int, alarms: list[int], *, failed: bool) -> LifeTrace:
    """A life of hourly readings whose risk is 0.9 at the given hours before its end, 0.1 elsewhere."""
    left = np.arange(hours, -1, -1, dtype=float)
    return LifeTrace(np.where(np.isin(left, alarms), 0.9, 0.1), left, failed)


@pytest.mark.parametrize(
    ("trace", "outcome", "cost"),
    [
        (life(400, [20, 10], failed=True), Outcome(0, 20), 100),
        (life(400, [60], failed=True), Outcome(0, 60), 100 * (1 + 40 / 400)),
        (life(400, [19], failed=True), Outcome(0, 19), 1000),
        (life(400, [], failed=True), Outcome(0, None), 1000),
        (life(400, [200, 199, 150, 30], failed=True), Outcome(1, 30), 50 + 100 * (1 + 10 / 400)),
        (life(400, [300, 200, 30], failed=True), Outcome(2, 30), 100 + 100 * (1 + 10 / 400)),
        (life(400, [200, 150], failed=True), Outcome(1, None), 50 + 1000),
        (life(400, [100], failed=False), Outcome(1, None), 50),
        (life(400, [50], failed=False), Outcome(0, None), 0),
        (life(0, [0], failed=True), Outcome(0, 0), 1000),
    ],
)
def test_visits_of_one_life(trace: LifeTrace, outcome: Outcome, cost: float, wear: FailureMode) -> None:
    got = follow_alarms(trace, 0.5, wear)
    assert got == outcome
    assert cost_of(trace, got, wear) == pytest.approx(cost)


def test_metrics_count_what_a_planner_would(wear: FailureMode) -> None:
    traces = [
        life(400, [30], failed=True),
        life(400, [10], failed=True),
        life(400, [], failed=True),
        life(7566, [100], failed=False),
    ]
    metrics = alarm_metrics(traces, 0.5, wear)
    assert metrics["alarm_precision"] == pytest.approx(2 / 3)
    assert metrics["alarm_recall_in_time"] == pytest.approx(1 / 3)
    assert metrics["median_lead_time_hours"] == 20
    assert metrics["false_alarms_per_device_year"] == pytest.approx(1.0)
    assert metrics["cost_run_to_failure_minor"] == 3000


def test_nothing_to_measure_is_none_and_no_division_by_zero(wear: FailureMode) -> None:
    metrics = alarm_metrics([life(0, [], failed=False)], 0.5, wear)
    assert metrics["alarm_precision"] is None
    assert metrics["cost_ratio"] is None


def test_the_threshold_is_the_middle_of_the_cheapest(wear: FailureMode) -> None:
    def risky(peak_healthy: float, peak_failing: float) -> list[LifeTrace]:
        left = np.arange(300, -1, -1, dtype=float)
        failing = np.where(left <= 20, peak_failing, 0.001)
        return [LifeTrace(failing, left, True), LifeTrace(np.full(301, peak_healthy), left, False)]

    # On the log-odds scale the middle between 0.1 and 0.9 is 0.5.
    assert cheapest_threshold(risky(0.1, 0.9), wear) == pytest.approx(0.5, abs=0.04)
