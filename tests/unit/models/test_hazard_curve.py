"""Risk curves from hazards at several leads."""

from __future__ import annotations

import numpy as np
import pytest

from models.failure_timing import FailureTiming
from models.hazard_curve import HazardCurve, average_steps

HORIZON, NOTICE = 72.0, 24.0
CURVE = HazardCurve(
    [FailureTiming(2.0, lead, -1.0 + lead / 20, (1.0, 1.0, 1.0, 1.0, 0.2)) for lead in (0.0, 20.0, 60.0)]
)
LEFT = np.array([2.0, 20.0, 40.0, 80.0, 480.0])
LOOKS = np.column_stack([LEFT, LEFT])
RAW = np.array([0.99, 0.9, 0.5, 0.1, 0.001])


@pytest.mark.parametrize("risk", [RAW, np.zeros(5), np.ones(5), np.full(5, 0.3)])
@pytest.mark.parametrize("notice", [0.0, NOTICE, HORIZON, 2 * HORIZON])
def test_curves_never_fall_and_pass_through_the_risk(risk: np.ndarray, notice: float) -> None:
    failed_by = CURVE.failed_by(LOOKS, RAW, risk, horizon=HORIZON, notice=notice)
    assert failed_by.shape == (5, 72)
    assert np.all(np.diff(failed_by, axis=1) >= 0)
    assert np.all((failed_by >= 0) & (failed_by <= 1))
    np.testing.assert_allclose(failed_by[:, 35], risk, atol=1e-9)


def test_a_device_that_is_certain_to_fail_has_a_curve_that_stays_at_its_end() -> None:
    certain = HazardCurve([FailureTiming(2.0, lead, 40.0 + lead, (0.0, 0.0, 0.0, 0.0, 0.0)) for lead in (0.0, 20.0)])
    failed_by = certain.failed_by(LOOKS, RAW, RAW, horizon=HORIZON, notice=NOTICE)
    assert np.all(np.diff(failed_by, axis=1) >= 0)
    np.testing.assert_allclose(failed_by[:, -1], 1.0)


def test_up_to_the_notice_the_hazards_are_those_that_were_learnt() -> None:
    failed_by = CURVE.failed_by(LOOKS, RAW, np.full(5, 1.0), horizon=HORIZON, notice=NOTICE)
    leads = np.arange(0, NOTICE, 2.0)
    alive = np.cumprod(1 - CURVE.hazard(LOOKS, RAW, leads), axis=1)
    np.testing.assert_allclose(1 - failed_by[:, : len(leads)], alive, atol=1e-9)


def test_between_two_leads_log_odds_are_interpolated() -> None:
    at = CURVE.hazard(LOOKS[2:3], RAW[2:3], np.array([0.0, 10.0, 20.0, 500.0, 60.0]))[0]
    odds = np.log(at / (1 - at))
    assert odds[1] == pytest.approx((odds[0] + odds[2]) / 2)
    assert odds[3] == odds[4]


def test_devices_near_a_failure_are_told_by_their_last_steps() -> None:
    age, of_row = np.array([0.0, 1, 2, 3, 4, 0, 1]), np.array([0, 0, 0, 0, 0, 1, 1])
    left = np.array([50.0, 9, 6, 6, 3, 40, 4])
    looks = average_steps(of_row, age, left, left < 10, 1.0)
    assert looks[:, 0].tolist() == [50.0, 29.5, 65 / 3, 7.0, 5.0, 40.0, 22.0]
    assert looks[4, 1] == pytest.approx(left[:5].mean())
