"""Where readings lie in their lives, and which rows their windows hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from models.features.names import window_name
from models.features.stretches import Floats, Mask, Stretches, lag_sums, sums, with_empty
from models.lives import HOUR_MS, Integers, Lives

SAMPLE = 200
"""Of windows by which the usual number of their rows is told."""


@dataclass(frozen=True, slots=True)
class Known:
    """Where there are values: 1 there and else 0, channels by rows, as `with_empty` made it, and how many there are in
    each stretch."""

    valid: Floats
    counts: Sequence[Floats]

    @classmethod
    def of(cls, there: Mask, stretches: Sequence[Stretches]) -> Known:
        """`there`: channels by rows."""
        valid = with_empty(there.astype(np.float64))
        return cls(valid, sums(valid, stretches))


@dataclass(frozen=True, slots=True)
class Fit:
    """What makes the least-squares slope per hour of the values in a stretch: `of_product` times the sum of value times
    `hours`, less `of_total` times the sum of values. NaN for fewer than three values."""

    of_product: Floats
    of_total: Floats


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
    _fits: list[Fit] = field(default_factory=list)
    _shares: list[Floats] = field(default_factory=list)

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

    def fits(self) -> Sequence[Fit]:
        """Of windows and trends, for channels without a gap, which share one line."""
        if not self._fits:
            self._fits.extend(self.fits_of(Known(with_empty(np.ones((1, len(self.hours)))), self._lengths())))
        return self._fits

    def fits_of(self, known: Known) -> list[Fit]:
        """Of windows and trends, by channels.

        Lags are summed, as the difference of squares of hours since the life began would be mostly rounding.
        """
        now, fits = self.hours[self.asked], []
        lags = lag_sums(known.valid, self.hours, [*self.windows, *self.trends])
        for count, (lag, square) in zip(known.counts, lags, strict=False):
            spread = count * square - lag * lag
            enough = (count >= 3) & (spread > 0)
            share = share_of(np.where(enough, spread, 0.0))
            fits.append(Fit(count * share, (count * now + lag) * share))
        return fits

    def shares(self) -> Sequence[Floats]:
        """Of windows, trends and the start one over the number of rows, likewise."""
        if not self._shares:
            self._shares.extend(share_of(length) for length in self._lengths())
        return self._shares

    def _lengths(self) -> list[Floats]:
        stretches = (*self.windows, *self.trends, self.start)
        return [stretch.length[np.newaxis].astype(np.float64) for stretch in stretches]


def share_of(count: Floats) -> Floats:
    """One over the count; NaN for 0."""
    share: Floats = np.divide(1.0, count, out=np.full(count.shape, np.nan), where=count > 0)
    return share


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
