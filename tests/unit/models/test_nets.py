"""Small nets learn a curve from each other apart, alike each time, and go on nowhere beyond what they were taught."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models import nets
from models.nets import NETS, SmallNets


@pytest.fixture
def rows() -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(800, 4)).astype(np.float32)


def test_a_curve_is_learnt_better_than_by_any_straight_line(rows: NDArray[np.float32]) -> None:
    truth = 1000 + 50 * np.sin(2 * rows[:, 1]) + 20 * np.abs(rows[:, 3])
    taught, asked = slice(600), slice(600, None)
    told = SmallNets([1, 3]).fit(rows[taught], truth[taught]).predict(rows[asked])
    line = np.column_stack([np.ones(600), rows[taught]])
    straight = np.column_stack([np.ones(200), rows[asked]]) @ np.linalg.lstsq(line, truth[taught], rcond=None)[0]
    assert np.std(told - truth[asked]) < 0.2 * np.std(straight - truth[asked])
    assert told.dtype == np.float64


def test_slopes_are_those_of_the_error() -> None:
    random = np.random.default_rng(2)
    drawn, target = random.normal(size=(NETS, 5, 3)), random.normal(size=(NETS, 5))
    weights = [random.normal(size=(NETS, 3, 2)), random.normal(size=(NETS, 2, 1))]
    offsets = [random.normal(size=(NETS, 1, 2)), random.normal(size=(NETS, 1, 1))]
    slopes = nets._slopes(drawn, target, weights, offsets)

    def error() -> float:
        told = nets._forward(drawn, weights, offsets)[-1][..., 0]
        return float(((told - target) ** 2).mean(axis=1).sum() / 2)

    for array, slope in zip((*weights, *offsets), slopes, strict=True):
        array.flat[1] += 1e-6
        above = error()
        array.flat[1] -= 2e-6
        assert (above - error()) / 2e-6 == pytest.approx(slope.flat[1], rel=1e-3)
        array.flat[1] += 1e-6


def test_the_same_seed_tells_the_same_and_another_one_not(
    rows: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nets, "STEPS", 40)
    truth = rows[:, 0].astype(np.float64)
    first, again, other = (SmallNets([0, 2], seed).fit(rows, truth).predict(rows) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_missing_values_are_read_as_the_mean_and_distant_ones_as_the_end(
    rows: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nets, "STEPS", 40)
    rows[::3, 0] = np.nan
    rows[:, 2] = np.nan
    rows[:, 3] = 7
    fitted = SmallNets([0, 2, 3]).fit(rows, np.linspace(0, 90, 800))
    low, mean = np.nanmin(rows[:, 0]), np.nanmean(rows[:, 0], dtype=np.float64).astype(np.float32)
    asked = np.array([[np.nan, 0, np.nan, np.nan], [mean, 9, 5, 8], [-1e9, 0, 0, 7], [low, 0, 0, 7]], dtype=np.float32)
    missing, usual, distant, end = fitted.predict(asked)
    assert missing == usual
    assert distant == end


def test_one_row_and_equal_answers(rows: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nets, "STEPS", 40)
    for taught in (rows[:1], rows):
        told = SmallNets([0, 1]).fit(taught, np.full(len(taught), 125.0)).predict(rows)
        assert np.abs(told - 125).max() < 1
