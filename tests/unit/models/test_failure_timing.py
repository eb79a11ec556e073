"""Hazards at a lead, learnt from what was told of other devices."""

from __future__ import annotations

import numpy as np
import pytest

from models.failure_timing import fit_timing

STEP, LEAD, LIVES, LENGTH = 2.0, 10.0, 60, 120


def told_lives() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    truth = np.tile(np.arange(LENGTH, 0.0, -1.0), LIVES)
    left = np.maximum(truth + random.normal(0, 3, len(truth)), 0)
    return left, 1 / (1 + np.exp((left - 36) / 8)), truth


def test_the_hazard_is_that_of_the_step_after_the_lead() -> None:
    left, risk, truth = told_lives()
    timing = fit_timing(left, risk, truth, np.ones(len(truth), dtype=bool), step=STEP, lead=LEAD)
    hazard = timing.hazard(left, risk)
    alive = truth > LEAD
    fails = alive & (truth <= LEAD + STEP)
    assert hazard[alive].sum() == pytest.approx(fails.sum(), rel=0.05)
    assert hazard[fails].mean() > 10 * hazard[alive & ~fails].mean()


def test_the_hazard_never_rises_with_the_hours_left_nor_falls_with_the_risk() -> None:
    left, risk, truth = told_lives()
    timing = fit_timing(left, risk, truth, np.ones(len(truth), dtype=bool), step=STEP, lead=LEAD)
    hours = np.linspace(0, 120, 50)
    assert np.all(np.diff(timing.hazard(hours, np.full(50, 0.2))) <= 0)
    assert np.all(np.diff(timing.hazard(np.full(50, 20.0), np.linspace(0.01, 0.99, 50))) >= 0)


def test_lives_that_were_censored_are_no_failures() -> None:
    left, risk, truth = told_lives()
    timing = fit_timing(left, risk, truth, np.zeros(len(truth), dtype=bool), step=STEP, lead=LEAD)
    assert timing.hazard(left, risk).max() < 0.01
