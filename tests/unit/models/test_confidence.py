"""Intervals hold the truth as often as they say, and are wide where little is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.confidence import MOST_UNITS, Figure, bootstrap, poisson, ratio, sum_by_device, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 10, 0.0, 0.213), (5, 10, 0.269, 0.731), (10, 10, 0.787, 1.0), (1, 1, 0.270, 1.0)],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=0.001)


def test_nothing_has_no_interval() -> None:
    assert wilson(0, 0) is None
    assert poisson(0, 0) is None
    assert bootstrap(np.ones((1, 2)), ratio) is None
    assert bootstrap(np.zeros((5, 2)), ratio) is None
    assert Figure.within(None, (0.1, 0.2)).as_list() == [None, None, None]


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0, 3.00), (3, 0.82, 7.75), (100, 84.1, 118.1)])
def test_poisson_is_near_the_exact_interval(count: int, low: float, high: float) -> None:
    told = poisson(count, 2.0)
    assert told == pytest.approx((low / 2, high / 2), rel=0.02, abs=1e-9)


def test_bootstrap_draws_devices_and_not_rows() -> None:
    # Twenty devices of a hundred like rows each: the spread of their mean is that of twenty numbers.
    random = np.random.default_rng(0)
    held, narrow = 0, 0
    for trial in range(60):
        of_device = random.normal(size=20)
        sums = sum_by_device(np.repeat(np.arange(20), 100), np.repeat(of_device, 100), np.ones(2000))
        low, high = bootstrap(sums, ratio, trial) or (np.nan, np.nan)
        held += low <= 0 <= high
        narrow += high - low < 0.4
    assert 46 <= held <= 60
    assert narrow == 0


def test_many_devices_are_drawn_in_groups() -> None:
    random = np.random.default_rng(0)
    sums = np.column_stack([random.normal(5, 1, 10 * MOST_UNITS), np.ones(10 * MOST_UNITS)])
    low, high = bootstrap(sums, ratio) or (np.nan, np.nan)
    assert high - low == pytest.approx(2 * 1.645 / np.sqrt(10 * MOST_UNITS), rel=0.15)
    assert low < 5 < high


def test_a_figure_holds_its_value_and_is_json() -> None:
    figure = Figure.within(0.5, (0.6, 0.7), None, (0.55, 0.8))
    assert figure.as_list() == [0.5, 0.5, 0.8]
    assert json.dumps(Figure(1 / 3, 0.0, np.inf).as_list(), allow_nan=False) == "[0.3333, 0.0, null]"
