"""Hazards at a lead, learnt from what was told of other devices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.failure_timing import PENALTY, fit_timing

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


def test_the_fit_is_the_best_within_the_bounds() -> None:
    left, risk, truth = told_lives()
    noise = np.random.default_rng(1).uniform(0, LENGTH, len(left))  # tells nothing, so that its weights end at 0
    looks, failed = np.column_stack([left, noise]), np.ones(len(truth), dtype=bool)
    timing = fit_timing(looks, risk, truth, failed, step=STEP, lead=LEAD)
    alive = truth > LEAD
    fails = (truth <= LEAD + STEP)[alive]

    def loss(change: np.ndarray) -> float:
        moved = replace(
            timing,
            intercept=timing.intercept + change[0],
            weights=tuple(max(weight + by, 0.0) for weight, by in zip(timing.weights, change[1:], strict=True)),
        )
        odds = moved.odds(looks[alive], risk[alive])
        squares = PENALTY * fails.sum() * sum(weight**2 for weight in moved.weights)
        return float((np.logaddexp(0, odds) - fails * odds).sum() + squares)

    random, best = np.random.default_rng(2), loss(np.zeros(6))
    assert min(timing.weights) == 0 < max(timing.weights)
    assert all(loss(random.normal(0, size, 6)) > best for size in (0.003, 0.03, 0.3) for _ in range(30))
