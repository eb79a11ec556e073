"""Stretches of rows, and sums over very many of them at once.

The sum over a stretch is put together from blocks of 1, 2, 4, ... rows, each made of two of the size before. So a sum
holds nothing but the rows of its stretch: no rounding is left over from other devices or from earlier, larger values,
as there would be in the difference of two running sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.lives import Integers

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """Blocks of one size: for the stretches `of`, the blocks that begin in rows `block`, `lag` hours before now."""

    of: Integers
    block: Integers
    lag: Floats


@dataclass(frozen=True, slots=True)
class Stretches:
    """One stretch of rows [start, end) for each row asked for; steps[k] are its blocks of 2**k rows."""

    start: Integers
    steps: Sequence[Step]

    @classmethod
    def cut(cls, start: Integers, end: Integers, hours: Floats, now: Floats) -> Stretches:
        """`hours`: of every row; `now`: of each row asked for."""
        length, position, steps = np.maximum(end - start, 0), start.copy(), []
        for level in range(int(length.max(initial=0)).bit_length()):
            of = np.flatnonzero((length >> level) & 1)
            block = position[of]
            steps.append(Step(of, block, hours[block] - now[of]))
            position[of] += 1 << level
        return cls(start, steps)


@dataclass(frozen=True, slots=True)
class Moments:
    """Of the values in each stretch: how many, sum, sum of squares, sum of value times lag (hours, at most 0)."""

    count: Floats
    total: Floats
    square: Floats
    product: Floats

    @property
    def mean(self) -> Floats:
        """NaN without a value."""
        return _ratio(self.total, self.count)

    def spread(self) -> Floats:
        """Standard deviation of the values; NaN without a value."""
        variance = _ratio(self.square, self.count) - self.mean**2
        rounding = 1e-14 * _ratio(self.square, self.count)
        spread: Floats = np.sqrt(np.where(variance > rounding, variance, variance * 0))
        return spread

    def slope(self, times: Times) -> Floats:
        """Least-squares slope per hour; NaN for fewer than three values."""
        spread = self.count * times.square - times.total**2
        enough = (self.count >= 3) & (spread > 0)
        return _ratio(self.count * self.product - times.total * self.total, np.where(enough, spread, 0))


@dataclass(frozen=True, slots=True)
class Times:
    """Of the instants in each stretch at which there is a value: sum of the lags and of their squares."""

    total: Floats
    square: Floats


def moments(value: Floats, valid: Mask, hours: Floats, stretches: Sequence[Stretches], rows: int) -> list[Moments]:
    """The moments over each of the stretches; `value` is 0 where it is not valid."""
    sums = [Moments(*np.zeros((4, rows))) for _ in stretches]
    count, total, square, product = valid.astype(np.float64), value, value * value, np.zeros(len(value))
    for level in _levels(stretches):
        if level:
            half = 1 << (level - 1)
            later = _later(hours, half, len(total))
            product = product[:-half] + product[half:] + total[half:] * later
            count, total = count[:-half] + count[half:], total[:-half] + total[half:]
            square = square[:-half] + square[half:]
        for step, into in _at(stretches, sums, level):
            of, block = step.of, step.block
            sum_here = total[block]
            into.count[of] += count[block]
            into.total[of] += sum_here
            into.square[of] += square[block]
            into.product[of] += product[block] + sum_here * step.lag
    return sums


def times(valid: Mask, hours: Floats, stretches: Sequence[Stretches], rows: int) -> list[Times]:
    """The instants' moments over each of the stretches."""
    sums = [Times(*np.zeros((2, rows))) for _ in stretches]
    count, total, square = valid.astype(np.float64), np.zeros(len(valid)), np.zeros(len(valid))
    for level in _levels(stretches):
        if level:
            half = 1 << (level - 1)
            later = _later(hours, half, len(total))
            square = square[:-half] + square[half:] + later * (2 * total[half:] + count[half:] * later)
            total = total[:-half] + total[half:] + count[half:] * later
            count = count[:-half] + count[half:]
        for step, into in _at(stretches, sums, level):
            of, block, lag = step.of, step.block, step.lag
            into.total[of] += total[block] + count[block] * lag
            into.square[of] += square[block] + lag * (2 * total[block] + count[block] * lag)
    return sums


def extremes(value: Floats, stretches: Sequence[Stretches], rows: int) -> list[tuple[Floats, Floats]]:
    """The least and the greatest value in each of the stretches; NaN values are passed over, and the answer without
    others."""
    found = [(np.full(rows, np.nan), np.full(rows, np.nan)) for _ in stretches]
    least, greatest = value, value
    for level in _levels(stretches):
        if level:
            half = 1 << (level - 1)
            least, greatest = np.fmin(least[:-half], least[half:]), np.fmax(greatest[:-half], greatest[half:])
        for step, (low, high) in _at(stretches, found, level):
            low[step.of] = np.fmin(low[step.of], least[step.block])
            high[step.of] = np.fmax(high[step.of], greatest[step.block])
    return found


def _levels(stretches: Sequence[Stretches]) -> range:
    return range(max((len(stretch.steps) for stretch in stretches), default=0))


def _at(stretches: Sequence[Stretches], sums: Sequence[T], level: int) -> Iterator[tuple[Step, T]]:
    for stretch, into in zip(stretches, sums, strict=True):
        if level < len(stretch.steps):
            yield stretch.steps[level], into


def _later(hours: Floats, half: int, blocks: int) -> Floats:
    """How much later than a block's first half its second half begins."""
    later: Floats = hours[half:blocks] - hours[: blocks - half]
    return later


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return ratio
