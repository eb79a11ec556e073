"""Where readings lie in their lives, and which rows their windows hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from models.features.names import window_name
from models.features.stretches import Floats, Stretches, lagged_sums, squared_lag_sums
from models.lives import HOUR_MS, Integers, Lives

SAMPLE = 200
"""Of windows by which the usual number of their rows is told."""


@dataclass(frozen=True, slots=True)
class Times:
    """Of the instants in a stretch at which there are values: sum of the lags and of their squares, in hours."""

    total: Floats
    square: Floats

    @classmethod
    def of(cls, valid: Floats, hours: Floats, stretches: Sequence[Stretches]) -> list[Times]:
        """`valid`: channels by rows, 1 where there is a value and else 0."""
        totals, squares = lagged_sums(valid, hours, stretches), squared_lag_sums(valid, hours, stretches)
        return [cls(total, square) for total, square in zip(totals, squares, strict=True)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows asked for lie: their windows, from the shortest to the longest, and then those of the trends; and
    their life's first `baseline`, as far as it has been seen: the stretch `start` number `start_of`. Shared by all
    channels."""

    lives: Lives
    asked: Integers
    hours: Floats
    names: Sequence[str]
    windows: Sequence[Stretches]
    trend_names: Sequence[str]
    trends: Sequence[Stretches]
    start: Stretches
    start_of: Integers
    baseline_hours: float
    _times: list[Times] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        lives: Lives,
        asked: Integers,
        windows: Sequence[timedelta],
        baseline: timedelta,
        trends: Sequence[timedelta] = (),
    ) -> Place:
        """Nothing reaches back past the start of the life or forward past the row itself."""
        age = lives.age_ms
        hours = age / HOUR_MS

        def cut(lengths: Sequence[timedelta]) -> list[Stretches]:
            return [Stretches.cut(window_start(lives, asked, one), asked + 1, hours, hours[asked]) for one in lengths]

        early = age < max(baseline // timedelta(milliseconds=1), 1)
        full = lives.first_row + np.bincount(lives.of_row[early], minlength=len(lives.first_row))
        until = np.minimum(full[lives.of_row[asked]] - 1, asked)
        new = np.diff(until, prepend=-1) > 0
        first = lives.first_row[lives.of_row[until[new]]]
        return cls(
            lives=lives,
            asked=asked,
            hours=hours,
            names=[window_name(length) for length in windows],
            windows=cut(windows),
            trend_names=[window_name(length) for length in trends],
            trends=cut(trends),
            start=Stretches.cut(first, until[new] + 1, hours, hours[until[new]]),
            start_of=np.cumsum(new) - 1,
            baseline_hours=float(baseline / timedelta(hours=1)),
        )

    def times(self) -> list[Times]:
        """Of windows and trends, for channels without a gap, which share one line."""
        if not self._times:
            every = np.ones((1, len(self.hours)))
            self._times.extend(Times.of(every, self.hours, [*self.windows, *self.trends]))
        return self._times


def window_start(lives: Lives, asked: Integers, length: timedelta) -> Integers:
    """Per row asked for the first row within (t - length, t] of its life."""
    length_ms, age = length // timedelta(milliseconds=1), lives.age_ms
    # Lives lie on one axis with gaps longer than any window, so that one search serves all devices at once.
    axis = lives.of_row * (int(age.max(initial=0)) + length_ms + 1) + age
    sought = axis[asked] - length_ms
    # Devices that report regularly have equally many rows in most windows: these are checked instead of searched.
    sample = slice(None, None, max(len(asked) // SAMPLE, 1))
    lengths = asked[sample] + 1 - np.searchsorted(axis, sought[sample], side="right")
    start: Integers = np.maximum(asked + 1 - np.bincount(lengths, minlength=1).argmax(), 0)
    right = (axis[start] > sought) & ((start == 0) | (axis[start - 1] <= sought))
    start[~right] = np.searchsorted(axis, sought[~right], side="right")
    return start
