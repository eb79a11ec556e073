"""Stretches of rows, and sums over very many of them at once.

The sum over a stretch is put together from blocks of 1, 2, 4, ... rows, each made of two of the size before. So a sum
holds nothing but the rows of its stretch: no rounding is left over from other devices or from earlier, larger values,
as there would be in the difference of two running sums. And it is equal to the bit whatever else is asked for with it,
as the order of the additions depends on the stretch's length alone.

Values are arrays of channels by rows. Where most stretches have one length, as of devices that report regularly, their
blocks lie side by side and are added as slices; only those of the others are gathered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.lives import Integers

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Where = slice | Integers
Blocks = TypeVar("Blocks")


@dataclass(frozen=True, slots=True)
class Step:
    """Blocks of one size: the rows in which they begin, and the hours from now back to then, at most 0."""

    block: Where
    lag: Floats


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the stretches: `of` tells which; steps[k] are their blocks of 2**k rows, None where they have none."""

    of: Where
    steps: Sequence[Step | None]


@dataclass(frozen=True, slots=True)
class Stretches:
    """One stretch of rows [start, start + length) for each row asked for. usual: the length that most have, when every
    row is asked for and stretches end with their own row; 0 without one. The last part has all of another length."""

    start: Integers
    length: Integers
    usual: int
    parts: Sequence[Part]

    @classmethod
    def cut(cls, start: Integers, end: Integers, hours: Floats, now: Floats) -> Stretches:
        """`hours`: of every row; `now`: of each row asked for."""
        length = np.maximum(end - start, 0)
        usual = _usual(length) if len(end) == len(hours) else 0
        others: Where = np.flatnonzero(length != usual) if usual else slice(None)
        parts = [_side_by_side(usual, hours)] if usual else []
        rest = _scattered(others, start[others], length[others], hours, now[others])
        return cls(start, length, usual, [*parts, rest])


def _usual(length: Integers) -> int:
    """The length that most have; 0 without one."""
    usual = int(np.bincount(length).argmax()) if len(length) else 0
    return usual if 2 * np.count_nonzero(length == usual) > len(length) else 0


def _side_by_side(length: int, hours: Floats) -> Part:
    """The stretches of that length that end with each row, but for the first rows."""
    position, now = 0, hours[length - 1 :]
    steps: list[Step | None] = []
    for level in range(length.bit_length()):
        if not length >> level & 1:
            steps.append(None)
            continue
        block = slice(position, position + len(now))
        steps.append(Step(block, hours[block] - now))
        position += 1 << level
    return Part(slice(length - 1, None), steps)


def _scattered(of: Where, start: Integers, length: Integers, hours: Floats, now: Floats) -> Part:
    """A stretch without a block of some size is given the empty one, which lies after the last."""
    position, steps = start.copy(), []
    for level in range(int(length.max(initial=0)).bit_length()):
        size = 1 << level
        has = length & size > 0
        block = np.where(has, position, len(hours) - size + 1)
        lag = np.where(has, hours[np.minimum(position, len(hours) - 1)] - now, 0.0)
        steps.append(Step(block, lag))
        position += length & size
    return Part(of, steps)


def sums(value: Floats, stretches: Sequence[Stretches]) -> list[Floats]:
    """Per channel the sum of the values in each stretch."""
    return _added(_sum_blocks(value), stretches, lambda block, step: _pick(block, step.block), len(value))


def lagged_sums(value: Floats, hours: Floats, stretches: Sequence[Stretches]) -> list[Floats]:
    """Per channel the sum of value times lag: the hours from now back to the value's row, at most 0."""

    def told(blocks: tuple[Floats, Floats], step: Step) -> Floats:
        total, product = (_pick(block, step.block) for block in blocks)
        return product + total * step.lag

    return _added(_product_blocks(value, hours), stretches, told, len(value))


def squared_lag_sums(count: Floats, hours: Floats, stretches: Sequence[Stretches]) -> list[Floats]:
    """Per channel the sum of `count` times the square of the lag."""

    def told(blocks: tuple[Floats, Floats, Floats], step: Step) -> Floats:
        total, product, square = (_pick(block, step.block) for block in blocks)
        return square + step.lag * (2 * product + total * step.lag)

    return _added(_square_blocks(count, hours), stretches, told, len(count))


def extremes(value: Floats, stretches: Sequence[Stretches], choose: np.ufunc) -> list[Floats]:
    """Per channel the least (`np.fmin`) or greatest (`np.fmax`) value in each stretch, of two blocks that overlap; NaN
    values are passed over, and the answer without others."""
    found = [np.empty((len(value), len(stretch.start))) for stretch in stretches]
    waiting: list[tuple[Floats, Integers, Floats]] = []
    levels = max((int(stretch.length.max(initial=0)).bit_length() for stretch in stretches), default=0)
    block = value
    for level in range(levels):
        size = 1 << level
        if level:
            block = choose(block[:, : -size // 2], block[:, size // 2 :])
        for stretch, into in zip(stretches, found, strict=True):
            usual, others = stretch.usual, _of_size(stretch, size)
            if size <= usual < 2 * size:
                count = len(stretch.start) - usual + 1
                choose(block[:, :count], block[:, usual - size :][:, :count], out=into[:, usual - 1 :])
            first = stretch.start[others]
            last = first + stretch.length[others] - size
            waiting.append((into, others, choose(block.take(first, axis=1), block.take(last, axis=1))))
    for into, others, chosen in waiting:
        _put(into, others, chosen)
    return found


def _of_size(stretch: Stretches, size: int) -> Integers:
    """The stretches of which blocks of this size are the largest, but for those of the usual length."""
    others = stretch.parts[-1].of
    length = stretch.length[others]
    of = np.flatnonzero((length >= size) & (length < 2 * size))
    return of if isinstance(others, slice) else others[of]


def _added(
    levels: Iterator[Blocks],
    stretches: Sequence[Stretches],
    told: Callable[[Blocks, Step], Floats],
    channels: int,
) -> list[Floats]:
    """What `told` makes of the blocks, added up over each stretch."""
    answers = [np.zeros((channels, len(stretch.start))) for stretch in stretches]
    parts = [part for stretch in stretches for part in stretch.parts]
    added = [
        answer[:, part.of] if isinstance(part.of, slice) else np.zeros((channels, len(part.of)))
        for stretch, answer in zip(stretches, answers, strict=True)
        for part in stretch.parts
    ]
    most = max((len(part.steps) for part in parts), default=0)
    for level, blocks in enumerate(islice(levels, most)):
        for part, into in zip(parts, added, strict=True):
            step = part.steps[level] if level < len(part.steps) else None
            if step is not None:
                into += told(blocks, step)
    remaining = iter(added)
    for stretch, answer in zip(stretches, answers, strict=True):
        for part in stretch.parts:
            into = next(remaining)
            if not isinstance(part.of, slice):
                _put(answer, part.of, into)
    return answers


def _sum_blocks(value: Floats) -> Iterator[Floats]:
    block, half = _with_empty(value), 1
    while True:
        yield block
        block, half = _doubled(block, half), 2 * half


def _product_blocks(value: Floats, hours: Floats) -> Iterator[tuple[Floats, Floats]]:
    product, half = _with_empty(np.zeros_like(value)), 1
    for total in _sum_blocks(value):
        yield total, product
        product = _doubled(product, half)
        product[:, :-1] += total[:, half:-1] * _later(hours, half, total)
        half *= 2


def _square_blocks(count: Floats, hours: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
    square, half = _with_empty(np.zeros_like(count)), 1
    for total, product in _product_blocks(count, hours):
        yield total, product, square
        square, later = _doubled(square, half), _later(hours, half, total)
        square[:, :-1] += later * (2 * product[:, half:-1] + total[:, half:-1] * later)
        half *= 2


def _with_empty(value: Floats) -> Floats:
    """Blocks of one row, and after them an empty one."""
    return np.concatenate([value, np.zeros((len(value), 1))], axis=1)


def _doubled(block: Floats, half: int) -> Floats:
    """Blocks twice as long as those of `half` rows, and after them an empty one."""
    larger = np.empty((len(block), max(block.shape[1] - half, 1)))
    np.add(block[:, : -1 - half], block[:, half:-1], out=larger[:, :-1])
    larger[:, -1] = 0
    return larger


def _later(hours: Floats, half: int, block: Floats) -> Floats:
    """How much later than a block's first half its second half begins."""
    count = block.shape[1] - 1
    later: Floats = hours[half:count] - hours[: max(count - half, 0)]
    return later


def _pick(block: Floats, where: Where) -> Floats:
    return block[:, where] if isinstance(where, slice) else block.take(where, axis=1)


def _put(into: Any, of: Where, found: Floats) -> None:
    if isinstance(of, slice):
        into[:, of] = found
        return
    for line, told in zip(into, found, strict=True):
        line[of] = told
