"""Risk figures against data whose truth is known, and where there is little or one class of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.calibration import Floats, calibrate_risk
from models.lives import Integers
from models.reliability import calibration_error, reliability_curve, risk_figures

Told = tuple[Floats, Floats, Integers]


@pytest.fixture(scope="module")
def told() -> Told:
    """Two hundred devices of a hundred rows whose risk is true."""
    random = np.random.default_rng(0)
    risk = 1 / (1 + np.exp(-random.normal(-2, 2, 20_000)))
    return risk, (random.uniform(size=20_000) < risk).astype(float), np.arange(20_000) // 100


def test_a_true_risk_lies_on_the_diagonal(told: Told) -> None:
    curve = reliability_curve(*told)
    assert sum(point["rows"] for point in curve) == 20_000
    inside = [point["low"] - 0.01 <= point["risk"] <= point["high"] + 0.01 for point in curve]
    assert np.mean(inside) > 0.8
    assert calibration_error(told[0], told[1]) < 0.01


def test_an_exaggerated_risk_does_not_and_calibration_puts_it_right(told: Told) -> None:
    risk, failed, _ = told
    raw = risk**0.4
    first, second = np.arange(20_000) < 10_000, np.arange(20_000) >= 10_000
    calibrated = calibrate_risk(raw[first], failed[first]).apply(raw[second])
    assert calibration_error(raw[second], failed[second]) > 0.1
    assert calibration_error(calibrated, failed[second]) < 0.03


def test_figures_and_their_intervals(told: Told) -> None:
    figures = risk_figures(*told)
    for name, lowest, highest in (("auc", 0.8, 0.95), ("average_precision", 0.6, 0.8), ("brier", 0.05, 0.15)):
        value, low, high = figures[name].as_list()
        assert value is not None
        assert low is not None
        assert high is not None
        assert lowest < low < value < high < highest
        assert high - low < 0.04


def test_rows_that_repeat_do_not_make_figures_surer() -> None:
    random = np.random.default_rng(1)
    risk = random.uniform(size=60)
    failed = (random.uniform(size=60) < risk).astype(float)
    once = risk_figures(risk, failed, np.arange(60))
    often = risk_figures(*(np.repeat(column, 50) for column in (risk, failed)), np.repeat(np.arange(60), 50))
    for name in once:
        assert often[name].as_list() == pytest.approx(once[name].as_list(), abs=0.06), name


@pytest.mark.parametrize("failed", [0.0, 1.0])
def test_one_class_only(failed: float) -> None:
    risk = np.linspace(0, 1, 50)
    figures = risk_figures(risk, np.full(50, failed), np.arange(50) // 10)
    assert figures["auc"].value is None
    assert figures["share_failing"].value == failed
    for point in reliability_curve(risk, np.full(50, failed), np.arange(50) // 10):
        assert point["high"] - point["low"] > 0.3


def test_no_row_at_all() -> None:
    nothing = np.empty(0)
    assert risk_figures(nothing, nothing, nothing.astype(np.int64))["brier"].value is None
    assert reliability_curve(nothing, nothing, nothing.astype(np.int64)) == []


def test_the_curve_is_small(told: Told) -> None:
    assert len(json.dumps(reliability_curve(*told))) < 3000
