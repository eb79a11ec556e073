"""Risk curves of predictions, also of those that carry none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.prediction import CURVE_STEPS, Prediction
from service_desk.policy.options import RiskCurve
from service_desk.policy.risk_curve import HORIZONS, risk_curve

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PREDICTION = Prediction("pump-1", "wear", NOW, 72 * HOUR, 0.6, 60 * HOUR, 40 * HOUR, 90 * HOUR)


def failed(curve: RiskCurve, hours: float) -> float:
    """Probability of having failed by then."""
    return float(curve.failed(np.array([hours]))[0])


@pytest.mark.parametrize("risk", [0.0, 1e-6, 0.6, 1.0])
@pytest.mark.parametrize("lives", [(40, 60, 90), (0, 0, 0), (0, 10, 480), (480, 480, 480), (5, 5, 5)])
def test_a_drawn_curve_never_falls_and_passes_through_the_risk(risk: float, lives: tuple[int, int, int]) -> None:
    low, rul, high = (hours * HOUR for hours in lives)
    curve = risk_curve(replace(PREDICTION, risk=risk, rul_low=low, rul=rul, rul_high=high))
    assert (curve.step, len(curve.failed_by)) == (2.0, HORIZONS * CURVE_STEPS)
    assert failed(curve, 72) == pytest.approx(risk, abs=1e-6)


def test_most_of_the_risk_lies_within_the_interval() -> None:
    curve = risk_curve(PREDICTION)
    assert failed(curve, 40) < 0.1 * failed(curve, 72)
    assert failed(curve, 90) > 0.8


def test_the_models_own_curve_is_taken() -> None:
    told = tuple(float(value) for value in np.linspace(0, 0.6, CURVE_STEPS))
    assert risk_curve(replace(PREDICTION, failed_by=told)).failed_by.tolist() == list(told)


def test_time_that_went_by_without_a_failure_is_left_behind() -> None:
    before, later = risk_curve(PREDICTION), risk_curve(PREDICTION, now=NOW + 50 * HOUR)
    alive = 1 - failed(before, 50)
    assert failed(later, 22) == pytest.approx((failed(before, 72) - failed(before, 50)) / alive)
    assert len(later.failed_by) == len(before.failed_by)


def test_beyond_the_end_of_its_curve_a_device_is_no_safer() -> None:
    at_the_end, long_after = (failed(risk_curve(PREDICTION, now=NOW + hours * HOUR), 2) for hours in (142, 1000))
    assert long_after == pytest.approx(at_the_end)
    assert long_after > 0.01
