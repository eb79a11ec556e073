"""Calibrated risks and intervals do what they promise on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from models.calibration import calibrate_risk, fit_interval
from models.out_of_fold import Examples, deal_folds, predict_out_of_fold
from models.reliability import calibration_error


def test_overconfident_risks_are_brought_to_the_observed_frequency() -> None:
    random = np.random.default_rng(0)
    true_odds = random.normal(-1, 1.5, 20_000)
    failed = (random.uniform(size=20_000) < 1 / (1 + np.exp(-true_odds))).astype(float)
    raw = 1 / (1 + np.exp(-(3 * true_odds + 2)))
    calibrated = calibrate_risk(raw, failed).apply(raw)
    for low, high in ((0.05, 0.15), (0.4, 0.6), (0.8, 0.9)):
        told = (calibrated > low) & (calibrated < high)
        assert calibrated[told].mean() == pytest.approx(failed[told].mean(), abs=0.03)


def test_certain_risks_stay_finite_and_a_model_worse_than_chance_tells_the_mean() -> None:
    failed = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    calibrated = calibrate_risk(np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0]), failed).apply(np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(calibrated, 1 / 3, atol=1e-4)
    assert calibrated[0] < calibrated[1] < calibrated[2]


def test_interval_covers_and_is_narrower_near_the_failure() -> None:
    random = np.random.default_rng(0)
    truth = random.uniform(0, 100, 8000)
    rul = np.clip(truth + random.normal(0, 1, 8000) * (2 + truth / 5), 0, 100)
    interval = fit_interval(rul[:4000], truth[:4000], cap=100)
    low, high = interval.apply(rul[4000:])
    covered = (low <= truth[4000:]) & (truth[4000:] <= high)
    assert 0.88 <= covered.mean() <= 0.95
    near, far = rul[4000:] < 10, rul[4000:] > 60
    assert (high - low)[near].mean() < (high - low)[far].mean() / 2


def test_interval_stays_between_zero_and_the_cap_and_holds_the_prediction() -> None:
    interval = fit_interval(np.array([5.0, 50.0, 95.0]), np.array([60.0, 0.0, 100.0]), cap=100)
    rul = np.array([0.0, 1.0, 50.0, 100.0])
    low, high = interval.apply(rul)
    assert np.all((low >= 0) & (low <= rul) & (rul <= high) & (high <= 100))


def test_thinned_training_is_put_right_on_devices_that_nobody_learnt_from() -> None:
    """Of 60,000 readings few are near a failure, and thinning keeps those: the raw risk is far too high."""
    random = np.random.default_rng(0)
    devices = np.repeat(np.arange(60), 1000)
    left = np.tile(np.arange(1000.0, 0, -1), 60)
    failed = (left <= 10).astype(float)
    matrix = (np.exp(-left / 30) + random.normal(0, 0.3, len(left)))[:, None].astype(np.float32)
    examples = Examples(matrix, devices, failed, np.minimum(left, 50.0), 50.0, ["wear.value"])
    fold = deal_folds(examples, 0, folds=2)
    raw = predict_out_of_fold(examples, fold, 0).risk
    first = devices < 30
    calibrated = calibrate_risk(raw[first], failed[first]).apply(raw[~first])
    assert raw[~first].mean() > 1.3 * failed.mean()
    assert calibrated.mean() == pytest.approx(failed.mean(), rel=0.2)
    assert calibration_error(calibrated, failed[~first]) < 0.5 * calibration_error(raw[~first], failed[~first])
    assert ((calibrated - failed[~first]) ** 2).mean() < ((raw[~first] - failed[~first]) ** 2).mean()


def test_interval_covers_devices_that_differ() -> None:
    random = np.random.default_rng(0)
    covered = []
    for _ in range(20):
        devices, truth = np.repeat(np.arange(80), 60), np.tile(np.arange(60.0), 80)
        rul = np.clip(truth + random.normal(0, 4, 80)[devices] + random.normal(0, 3, 4800), 0, 60)
        interval = fit_interval(rul[devices < 40], truth[devices < 40], cap=60)
        low, high = interval.apply(rul[devices >= 40])
        covered.append(((low <= truth[devices >= 40]) & (truth[devices >= 40] <= high)).mean())
    assert 0.87 <= np.mean(covered) <= 0.94


def test_what_is_told_is_early_because_late_costs_more_and_stays_inside_the_interval() -> None:
    random = np.random.default_rng(0)
    truth = random.uniform(0, 100, 8000)
    wide = fit_interval(np.clip(truth + random.normal(0, 10, 8000), 0, 100), truth, cap=100)
    sure = fit_interval(np.clip(truth + random.normal(0, 1, 8000), 0, 100), truth, cap=100)
    assert 0 <= sure.early < 0.5 < wide.early <= 5
    rul = np.array([0.0, 1.0, 50.0, 100.0])
    low, high = wide.apply(rul)
    assert np.all((low >= 0) & (low <= wide.tell(rul)) & (wide.tell(rul) <= high) & (high <= 100))


def test_a_reading_that_stands_for_many_moves_the_interval() -> None:
    random = np.random.default_rng(0)
    rul, truth = np.full(400, 50.0), 50 + random.normal(0, 5, 400)
    far = truth > 55
    plain = fit_interval(rul, truth, 100.0)
    heavy = fit_interval(rul, truth, 100.0, np.where(far, 10.0, 1.0))
    assert heavy.above[0] > plain.above[0]
    assert heavy.below[0] > plain.below[0]
