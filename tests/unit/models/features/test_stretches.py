"""Sums and extremes over stretches of rows, beside those that are computed one stretch at a time."""

from __future__ import annotations

import numpy as np
import pytest

from models.features.stretches import (
    Floats,
    Stretches,
    extremes,
    lag_sums,
    sums,
    with_empty,
)

ROWS = 60
LIVES = ([0], [0, 17, 18, 40], [0, 30])
"""The first rows of lives."""


def cut(first: list[int], longest: int, irregular: bool, asked: np.ndarray) -> tuple[Stretches, Floats, np.ndarray]:
    """Windows of at most so many rows that end with the rows asked for and begin in their life."""
    random = np.random.default_rng(longest)
    hours = np.cumsum(random.choice([0.5, 1.0, 7.0], ROWS))
    life = np.array(first)[np.searchsorted(first, np.arange(ROWS), side="right") - 1]
    length = random.integers(1, longest + 1, ROWS) if irregular else np.full(ROWS, longest)
    start = np.maximum(life, np.arange(ROWS) - length + 1)[asked]
    return Stretches.cut(start, asked + 1, hours, hours[asked]), hours, start


@pytest.mark.parametrize("first", LIVES)
@pytest.mark.parametrize("longest", [1, 2, 5, 8, 15, 40, 60])
@pytest.mark.parametrize("irregular", [False, True])
@pytest.mark.parametrize("asked", [np.arange(ROWS), np.array([0, 3, 29, 59])])
def test_they_are_those_of_each_stretch(first: list[int], longest: int, irregular: bool, asked: np.ndarray) -> None:
    stretches, hours, start = cut(first, longest, irregular, asked)
    value = np.random.default_rng(1).integers(-9, 10, (3, ROWS)).astype(float)
    holes = np.where(value == 3, np.nan, value)
    padded = with_empty(value)
    [total], [(product, square)] = sums(padded, [stretches]), lag_sums(padded, hours, [stretches])
    [least] = extremes(holes, [stretches], np.fmin)
    for number, (begin, row) in enumerate(zip(start, asked, strict=True)):
        window = slice(begin, row + 1)
        lag = hours[window] - hours[row]
        np.testing.assert_array_equal(total[:, number], value[:, window].sum(axis=1))
        np.testing.assert_array_equal(product[:, number], (value[:, window] * lag).sum(axis=1))
        np.testing.assert_array_equal(square[:, number], (value[:, window] * lag**2).sum(axis=1))
        np.testing.assert_array_equal(least[:, number], np.fmin.reduce(holes[:, window], axis=1))


def test_a_sum_is_the_same_to_the_bit_among_usual_and_among_odd_stretches() -> None:
    """So that what comes later, which decides what is usual, changes nothing in the past."""
    value, rows, hours = np.random.default_rng(2).normal(1e6, 1, (2, ROWS)), np.arange(ROWS), np.arange(ROWS) / 7
    fifteen = np.maximum(rows - 14, 0)
    often = Stretches.cut(fifteen, rows + 1, hours, hours)
    seldom = Stretches.cut(np.where(rows < 25, fifteen, rows), rows + 1, hours, hours)
    assert (often.usual, seldom.usual) == (15, 1)
    for compute in (sums, lambda value, of: [np.concatenate(told) for told in lag_sums(value, hours, of)]):
        one, other = compute(with_empty(value), [often, seldom])
        np.testing.assert_array_equal(one[:, :25], other[:, :25])


def test_a_glitch_is_gone_from_the_sums_that_do_not_hold_it() -> None:
    value, rows = np.full((1, ROWS), 0.1), np.arange(ROWS)
    stretches = Stretches.cut(np.maximum(rows - 4, 0), rows + 1, rows * 1.0, rows * 1.0)
    [calm] = sums(with_empty(value), [stretches])
    value[0, 20] = 1e24
    [total] = sums(with_empty(value), [stretches])
    np.testing.assert_array_equal(total[0, 25:], calm[0, 25:])
    assert total[0, 24] == 1e24


def test_no_stretch_and_no_value() -> None:
    nothing = np.empty(0, dtype=np.int64)
    for hours in (np.arange(3.0), np.empty(0)):
        none = Stretches.cut(nothing, nothing, hours, np.empty(0))
        assert sums(with_empty(np.zeros((2, len(hours)))), [none])[0].shape == (2, 0)
    empty = Stretches.cut(np.array([2, 3]), np.array([2, 2]), np.arange(3.0), np.zeros(2))
    assert sums(with_empty(np.ones((1, 3))), [empty])[0].tolist() == [[0, 0]]
