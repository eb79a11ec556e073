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
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.lives import Integers

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Mask = NDArray[np.bool_]
Where = slice | Integers
Blocks = TypeVar("Blocks")
Line = TypeVar("Line", Floats, Singles)


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


class Pair(NamedTuple):
    """Of some stretches, told by `of`, the rows in which the first and the last block begin."""

    of: Integers
    first: Integers
    last: Integers


@dataclass(frozen=True, slots=True)
class Stretches:
    """One stretch of rows [start, start + length) for each row asked for. usual: the length that most have, when every
    row is asked for and stretches end with their own row; 0 without one. The last part has all of another length."""

    start: Integers
    length: Integers
    usual: int
    parts: Sequence[Part]
    _pairs: list[Pair] = field(default_factory=list)

    @classmethod
    def cut(cls, start: Integers, end: Integers, hours: Floats, now: Floats) -> Stretches:
        """`hours`: of every row; `now`: of each row asked for."""
        length = np.maximum(end - start, 0)
        usual = _usual(length) if len(end) == len(hours) else 0
        others: Where = np.flatnonzero(length != usual) if usual else slice(None)
        parts = [_side_by_side(usual, hours)] if usual else []
        rest = _scattered(others, start[others], length[others], hours, now[others])
        return cls(start, length, usual, [*parts, rest])

    def pairs(self) -> Sequence[Pair]:
        """For each size of blocks, the stretches of another than the usual length that two of them cover."""
        if not self._pairs:
            others = self.parts[-1].of
            length = self.length[others]
            for level in range(int(self.length.max(initial=0)).bit_length()):
                within = np.flatnonzero((length >> level) == 1)
                of = within if isinstance(others, slice) else others[within]
                first = self.start[of]
                self._pairs.append(Pair(of, first, first + length[within] - (1 << level)))
        return self._pairs


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
    """Per channel the sum of the values in each stretch. `value`: channels by rows, as `with_empty` made it."""
    return _added(_sum_blocks(value), stretches, lambda block, step: _pick(block, step.block), len(value))


def lag_sums(count: Floats, hours: Floats, stretches: Sequence[Stretches]) -> list[tuple[Floats, Floats]]:
    """Per channel the sums of `count` times the lag, the hours from now back to the row, at most 0, and times its
    square. `count` as `with_empty` made it."""

    def told(blocks: tuple[Floats, Floats, Floats], step: Step) -> Floats:
        total, product, square = (_pick(block, step.block) for block in blocks)
        return np.concatenate([product + total * step.lag, square + step.lag * (2 * product + total * step.lag)])

    both = _added(_lag_blocks(count, hours), stretches, told, 2 * len(count))
    return [(lines[: len(count)], lines[len(count) :]) for lines in both]


def extremes(value: Line, stretches: Sequence[Stretches], choose: np.ufunc) -> list[Line]:
    """Per channel the least (`np.fmin`) or greatest (`np.fmax`) value in each stretch, of two blocks that overlap; NaN
    values are passed over, and the answer without others. No stretch may be empty."""
    found = [np.empty((len(value), len(stretch.start)), value.dtype) for stretch in stretches]
    levels = max((int(stretch.length.max(initial=0)).bit_length() for stretch in stretches), default=0)
    waiting: list[tuple[Line, Integers, Line]] = []
    block = value
    for level in range(levels):
        size = 1 << level
        if level:
            block = choose(block[:, : -size // 2], block[:, size // 2 :])
        for stretch, into in zip(stretches, found, strict=True):
            usual = stretch.usual
            if size <= usual < 2 * size:
                count = len(stretch.start) - usual + 1
                choose(block[:, :count], block[:, usual - size :][:, :count], out=into[:, usual - 1 :])
            pairs = stretch.pairs()
            if level < len(pairs) and len(pairs[level].of):
                of, first, last = pairs[level]
                waiting.append((into, of, choose(block.take(first, axis=1), block.take(last, axis=1))))
    for into, of, chosen in waiting:
        _put(into, of, chosen)
    return found


def _added(
    levels: Iterator[Blocks],
    stretches: Sequence[Stretches],
    told: Callable[[Blocks, Step], Floats],
    channels: int,
) -> list[Floats]:
    """What `told` makes of the blocks, added up over each stretch."""
    answers = [np.empty((channels, len(stretch.start))) for stretch in stretches]
    running = [
        (part, _Running(answer[:, part.of] if isinstance(part.of, slice) else np.empty((channels, len(part.of)))))
        for stretch, answer in zip(stretches, answers, strict=True)
        for part in stretch.parts
    ]
    most = max((len(part.steps) for part, _ in running), default=0)
    for level, blocks in enumerate(islice(levels, most)):
        for part, total in running:
            step = part.steps[level] if level < len(part.steps) else None
            if step is not None:
                total.add(told(blocks, step))
    remaining = iter(running)
    for stretch, answer in zip(stretches, answers, strict=True):
        for part, total in islice(remaining, len(stretch.parts)):
            found = total.done()
            if not isinstance(part.of, slice):
                _put(answer, part.of, found)
    return answers


@dataclass(slots=True)
class _Running:
    """A sum, which is written to `into` as soon as it has two terms."""

    into: Floats
    first: Floats | None = None
    begun: bool = False

    def add(self, term: Floats) -> None:
        if self.begun:
            self.into += term
        elif self.first is None:
            self.first = term
        else:
            np.add(self.first, term, out=self.into)
            self.first, self.begun = None, True

    def done(self) -> Floats:
        if not self.begun:
            self.into[...] = 0.0 if self.first is None else self.first
        return self.into


def _sum_blocks(value: Floats) -> Iterator[Floats]:
    block, half = value, 1
    while True:
        yield block
        block, half = _doubled(block, half), 2 * half


def _lag_blocks(count: Floats, hours: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Of each block the sum of counts, and of counts times hours since its first row, and times their square."""
    product, square, half = np.zeros_like(count), np.zeros_like(count), 1
    for total in _sum_blocks(count):
        yield total, product, square
        later = hours[half : total.shape[1] - 1] - hours[: max(total.shape[1] - 1 - half, 0)]
        moved = total[:, half:-1] * later
        square = _doubled(square, half)
        square[:, :-1] += later * (2 * product[:, half:-1] + moved)
        product = _doubled(product, half)
        product[:, :-1] += moved
        half *= 2


def with_empty(value: Floats) -> Floats:
    """Blocks of one row, and after them an empty one."""
    return np.concatenate([value, np.zeros((len(value), 1))], axis=1)


def _doubled(block: Floats, half: int) -> Floats:
    """Blocks twice as long as those of `half` rows, and after them an empty one."""
    larger = np.empty((len(block), max(block.shape[1] - half, 1)))
    np.add(block[:, : -1 - half], block[:, half:-1], out=larger[:, :-1])
    larger[:, -1] = 0
    return larger


def _pick(block: Floats, where: Where) -> Floats:
    return block[:, where] if isinstance(where, slice) else block.take(where, axis=1)


def _put(into: Any, of: Where, found: Any) -> None:
    if isinstance(of, slice):
        into[:, of] = found
        return
    for line, told in zip(into, found, strict=True):
        line[of] = told
