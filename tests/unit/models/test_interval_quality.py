"""Errors and coverage of remaining useful life, by device and by level."""

from __future__ import annotations

import numpy as np
import pytest

from models.interval_quality import LifeAnswers, coverage_by_level, life_figures

CAP = 100.0


def noisy(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forty devices; the error grows with the life that is left."""
    random = np.random.default_rng(seed)
    truth = random.uniform(0, 90, 4000)
    return truth, np.clip(truth + random.normal(0, 1, 4000) * (1 + truth / 10), 0, CAP), np.arange(4000) // 100


def test_a_width_that_follows_the_error_is_narrower_than_a_constant_one() -> None:
    truth, rul, devices = noisy()
    half = 1.9 * (1 + rul / 10)
    low, high = np.clip(rul - half, 0, CAP), np.clip(rul + half, 0, CAP)
    figures = life_figures(LifeAnswers(truth, rul, low, high, devices, np.ones(len(rul))), CAP)
    value, least, most = figures["rul_width_to_constant"].as_list()
    assert value is not None
    assert least is not None
    assert most is not None
    assert least < value < most < 1
    assert 0.85 < (figures["rul_coverage"].value or 0) < 0.98
    levels = coverage_by_level(LifeAnswers(truth, rul, low, high, devices, np.ones(len(rul))))
    assert [level["rows"] for level in levels] == [800] * 5
    assert levels[0]["width"] < levels[-1]["width"] / 2


def test_errors_below_the_cap_and_of_all() -> None:
    truth, rul = np.array([10.0, 20.0, CAP, CAP]), np.array([14.0, 17.0, CAP, CAP])
    figures = life_figures(LifeAnswers(truth, rul, rul - 3, rul + 3, np.arange(4), np.ones(4)), CAP)
    assert figures["rul_rmse_hours"].value == pytest.approx(np.sqrt(12.5))
    assert figures["rul_rmse_capped_hours"].value == pytest.approx(np.sqrt(6.25))
    assert figures["rul_coverage"].value == 0.75
    assert figures["rul_coverage_below_cap"].value == 0.5


def test_nothing_is_known_of_any_life() -> None:
    nothing = np.empty(0)
    answers = LifeAnswers(nothing, nothing, nothing, nothing, nothing.astype(np.int64), nothing)
    figures = life_figures(answers, CAP)
    assert {figure.value for figure in figures.values()} == {None}
    assert coverage_by_level(answers) == []


def test_only_lives_beyond_the_cap() -> None:
    full = np.full(6, CAP)
    figures = life_figures(LifeAnswers(full, full, full, full, np.arange(6), np.ones(6)), CAP)
    assert figures["rul_rmse_hours"].value is None
    assert figures["rul_coverage"].value == 1
