"""What alarms would have brought: horizon 40 h, lead time 20 h, planned 100, emergency 1000, needless 50."""

from __future__ import annotations

import numpy as np
import pytest

from domain.device_model import FailureMode
from models.evaluation import (
    THRESHOLDS,
    LifeTrace,
    Outcome,
    cheapest_threshold,
    cost_of,
    cost_table,
    follow_alarms,
)


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


def test_the_threshold_is_the_middle_of_the_cheapest(wear: FailureMode) -> None:
    def risky(peak_healthy: float, peak_failing: float) -> list[LifeTrace]:
        left = np.arange(300, -1, -1, dtype=float)
        failing = np.where(left <= 20, peak_failing, 0.001)
        return [LifeTrace(failing, left, True), LifeTrace(np.full(301, peak_healthy), left, False)]

    # On the log-odds scale the middle between 0.1 and 0.9 is 0.5.
    assert cheapest_threshold(cost_table(risky(0.1, 0.9), wear).sum(axis=1)) == pytest.approx(0.5, abs=0.04)


def test_the_cost_table_is_what_following_each_alarm_gives(wear: FailureMode) -> None:
    random = np.random.default_rng(0)
    traces = [
        LifeTrace(random.choice([0.02, 0.3, 0.31, 0.9], 200), np.arange(199, -1, -1.0), bool(failed))
        for failed in (True, False, True)
    ]
    table = cost_table(traces, wear)
    for row, threshold in zip(table, THRESHOLDS, strict=True):
        assert row.tolist() == [cost_of(t, follow_alarms(t, float(threshold), wear), wear) for t in traces]
