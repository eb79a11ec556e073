"""Lives that were censored count: what is learnt from those seen to their end holds for all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.calibration import Floats
from models.censoring import LARGEST, weigh_known
from models.lives import HOUR_MS, NEVER, Integers, Lives
from models.out_of_fold import Examples, predict_out_of_fold
from models.splits import calibrate

CAP = 80.0


def make_lives(lengths: Floats, failed: np.ndarray, step: float = 1.0) -> Lives:
    """One life a device, from age 0 on."""
    rows = np.floor(lengths / step).astype(np.int64) + 1
    first, device = np.cumsum(rows) - rows, np.repeat(np.arange(len(lengths)), rows)
    ts = ((np.arange(rows.sum()) - first[device]) * step * HOUR_MS).astype(np.int64)
    names = pd.Index([str(number) for number in range(len(lengths))])
    never = np.full(len(lengths), NEVER)
    return Lives(ts, device, names, device, first, never, np.round(lengths * HOUR_MS).astype(np.int64), failed)


def wearing_fleet(seed: int, watched: Floats) -> tuple[Lives, Floats, np.ndarray]:
    """Lives that are watched for so many hours; the truth of each reading, capped, which nobody sees; and a matrix of
    the age and a noisy sign of wear."""
    random = np.random.default_rng(seed)
    ends = 60 + 120 * random.weibull(2, len(watched))
    lives = make_lives(np.minimum(ends, watched), ends <= watched, step=4.0)
    age = lives.age_ms / HOUR_MS
    left = ends[lives.device] - age
    sign = np.exp(-left / 40) + random.normal(0, 0.25, len(age))
    return lives, np.minimum(left, CAP), np.column_stack([age, sign]).astype(np.float32)


def told(lives: Lives, matrix: np.ndarray, weights: Floats, fold: Integers) -> tuple[Floats, Floats]:
    """Intervals of each half of the devices from the other half."""
    left = lives.left_ms / HOUR_MS
    known = np.where(weights > 0, np.minimum(left, CAP), np.nan)
    within = np.where(left > 20, 0.0, np.where(lives.failed[lives.of_row], 1.0, np.nan))
    examples = Examples(matrix, lives.device, within, known, CAP, ["age", "sign.value"], weights=weights)
    held_out = predict_out_of_fold(examples, fold, 0)
    raw, rul = held_out.risk, held_out.rul
    low, high = np.empty((2, len(rul)))
    for number in (0, 1):
        _, interval = calibrate(examples, raw, rul, fold != number)
        low[fold == number], high[fold == number] = interval.apply(rul[fold == number])
    return low, high


@pytest.mark.parametrize("together", [True, False])
def test_the_weighted_interval_covers_what_the_unweighted_does_not(together: bool) -> None:
    """All are watched from the same day to today, or each for a time of its own."""
    covered: dict[str, list[float]] = {"weighted": [], "not": []}
    missed_above: dict[str, list[float]] = {"weighted": [], "not": []}
    for seed in range(2):
        watched = np.full(300, 150.0) if together else np.random.default_rng(seed + 10).uniform(10, 260, 300)
        lives, truth, matrix = wearing_fleet(seed, watched)
        weights = weigh_known(lives, CAP)
        known = (lives.failed[lives.of_row] | (lives.left_ms >= CAP * HOUR_MS)).astype(np.float64)
        for name, used in (("weighted", weights), ("not", known)):
            low, high = told(lives, matrix, used, lives.device % 2)
            covered[name].append(float(((low <= truth) & (truth <= high)).mean()))
            missed_above[name].append(float((truth > high).mean()))
    assert np.mean(covered["weighted"]) >= 0.88
    assert np.mean(missed_above["weighted"]) <= 0.05
    if together:
        assert np.mean(covered["not"]) < 0.8
    assert np.mean(missed_above["weighted"]) < 0.85 * np.mean(missed_above["not"])


def test_weights_bring_the_readings_back_whose_end_was_not_seen() -> None:
    watched = np.random.default_rng(13).exponential(300, 3000)
    lives, truth, _ = wearing_fleet(3, watched)
    weights = weigh_known(lives, CAP)
    known = weights > 0
    assert weights.sum() == pytest.approx(len(truth), rel=0.03)
    assert np.average(truth[known], weights=weights[known]) == pytest.approx(truth.mean(), rel=0.01)
    assert truth[known].mean() < 0.98 * truth.mean()


def test_nobody_is_weighed_where_nobody_was_censored_and_nobody_where_nothing_is_known() -> None:
    lives = make_lives(np.array([50.0, 200.0, 90.0]), np.array([True, True, True]))
    assert set(weigh_known(lives, CAP)) == {1.0}
    still = make_lives(np.array([50.0, 70.0]), np.array([False, False]))
    assert set(weigh_known(still, CAP)) == {0.0}


def test_readings_of_which_only_failures_could_be_known_count_nothing() -> None:
    """All are watched for 150 h: from 70 h on nobody can be seen to outlive the cap."""
    failing = np.linspace(5, 145, 20)
    lives = make_lives(np.append(failing, np.full(20, 150.0)), np.arange(40) < 20)
    weights, age = weigh_known(lives, CAP), lives.age_ms / HOUR_MS
    assert not weights[age > 70].any()
    assert (weights[age <= 70] == 1).all()


def test_a_fleet_that_was_watched_for_less_than_the_cap_keeps_its_failures() -> None:
    lengths = np.append(np.linspace(5, 45, 9), np.full(20, 50.0))
    lives = make_lives(lengths, np.arange(29) < 9)
    weights = weigh_known(lives, CAP)
    assert (weights[lives.of_row < 9] > 0).all()
    assert not weights[lives.of_row >= 9].any()
    assert weights.max() <= LARGEST
