"""What alarms would have brought: horizon 40 h, lead time 20 h, planned 100, emergency 1000, needless 50."""

from __future__ import annotations

from datetime import timedelta

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

HOUR = timedelta(hours=1)


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


def alarm_by_alarm(trace: LifeTrace, threshold: float, mode: FailureMode) -> float:
    """What a life costs, told as a story."""
    patience, lead_time = 2 * mode.horizon / HOUR, mode.lead_time / HOUR
    alarms, cost = trace.left[trace.risk >= threshold], 0.0
    while len(alarms) and alarms[0] > patience:
        cost += mode.costs.needless_visit.minor
        alarms = alarms[alarms <= alarms[0] - patience]
    if not trace.failed:
        return cost
    if not len(alarms) or alarms[0] < lead_time:
        return cost + mode.costs.emergency_visit.minor
    early = alarms[0] - lead_time
    return float(cost + mode.costs.planned_visit.minor * (1 + early / max(trace.left[0], early, 1e-9)))


def test_the_cost_table_is_what_following_each_alarm_gives(wear: FailureMode) -> None:
    random = np.random.default_rng(0)
    traces = [
        LifeTrace(random.choice([0.02, 0.3, 0.31, 0.9], rows), np.arange(rows - 1, -1, -1.0) * step, bool(failed))
        for failed in (True, False, True)
        for rows, step in ((200, 1.0), (1, 1.0), (0, 1.0), (77, 7.3))
    ]
    table = cost_table(traces, wear)
    for row, threshold in zip(table, THRESHOLDS, strict=True):
        assert row.tolist() == [alarm_by_alarm(trace, float(threshold), wear) for trace in traces]
    assert cost_table([], wear).shape == (len(THRESHOLDS), 0)
