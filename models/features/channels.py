"""Features of one channel: gauges, whose level tells, and counters, whose growth tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import numpy as np

from domain.device_model import Statistic
from models.features.names import window_name
from models.features.regimes import Regimes
from models.features.stretches import Floats, Mask, Moments, Stretches, Times, extremes, moments, times
from models.lives import HOUR_MS, Integers, Lives

Columns = Iterator[tuple[str, Floats]]
LARGEST = 1e12
"""Where a channel has no bounds, a value beyond this is a fault of transmission."""


@dataclass(frozen=True, slots=True)
class Level:
    """A gauge's usual mean and spread in each operating regime, and over all of them."""

    means: Sequence[float] = ()
    spreads: Sequence[float] = ()
    mean: float = 0.0
    spread: float = 1.0

    def adjust(self, value: Floats, regime: Integers) -> Floats:
        """What the value would be in the average regime, in the channel's unit; NaN in an unknown regime."""
        if not self.means:
            return value
        usual = np.append(np.array(self.means), np.nan)[regime]
        scale = self.spread / np.append(np.array(self.spreads), np.nan)[regime]
        adjusted: Floats = (value - usual) * scale + self.mean
        return adjusted


UNSHIFTED = Level()
"""With one regime there is nothing to adjust."""


def fit_level(value: Floats, regime: Integers, regimes: Regimes) -> Level:
    """The level of a gauge with plausible values."""
    known = ~np.isnan(value) & (regime >= 0)
    if regimes.count == 1 or not known.any():
        return UNSHIFTED
    count = np.maximum(np.bincount(regime[known], minlength=regimes.count), 1)
    mean = float(value[known].mean())
    means = np.bincount(regime[known], value[known] - mean, regimes.count) / count
    squares = np.bincount(regime[known], (value[known] - mean - means[regime[known]]) ** 2, regimes.count)
    spreads = np.sqrt(squares / count)
    spread = float(np.sqrt(squares.sum() / known.sum())) or 1.0
    spreads[spreads <= 1e-9 * spread] = spread
    return Level(tuple((means + mean).tolist()), tuple(spreads.tolist()), mean, spread)


def plausible(values: Floats, low: float | None, high: float | None) -> Floats:
    """The values with NaN for those beyond the channel's bounds."""
    least, most = -LARGEST if low is None else low, LARGEST if high is None else high
    return np.where((values >= least) & (values <= most), values, np.nan)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows asked for lie: their windows, from the shortest to the longest, and their life's first
    `baseline`, as far as it has been seen; and the longer windows of the trends. Shared by all channels."""

    lives: Lives
    asked: Integers
    hours: Floats
    names: Sequence[str]
    windows: Sequence[Stretches]
    grown: Sequence[Stretches]
    start: Stretches | None
    baseline_hours: float
    trend_names: Sequence[str]
    trends: Sequence[Stretches]
    _times: dict[str, list[Times]] = field(default_factory=dict)

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
        age, end = lives.age_ms, asked + 1
        hours = age / HOUR_MS
        starts = [window_start(lives, asked, length) for length in windows]
        early = age < max(baseline // timedelta(milliseconds=1), 1)
        full = lives.first_row + np.bincount(lives.of_row[early], minlength=len(lives.first_row))
        first = lives.first_row[lives.of_row[asked]]
        cut = partial(Stretches.cut, hours=hours, now=hours[asked])
        return cls(
            lives=lives,
            asked=asked,
            hours=hours,
            names=[window_name(length) for length in windows],
            windows=[cut(start, end) for start in starts],
            grown=[cut(start + 1, end) for start in starts],
            start=cut(first, np.minimum(full[lives.of_row[asked]], end)) if windows else None,
            baseline_hours=float(baseline / timedelta(hours=1)),
            trend_names=[window_name(length) for length in trends],
            trends=[cut(window_start(lives, asked, length), end) for length in trends],
        )

    def times(self, valid: Mask) -> list[Times]:
        """The instants' moments over each window; computed once for all channels without a gap."""
        if not valid.all():
            return times(valid, self.hours, [*self.windows, *self.trends], len(self.asked))
        if "all" not in self._times:
            self._times["all"] = times(valid, self.hours, [*self.windows, *self.trends], len(self.asked))
        return self._times["all"]


def window_start(lives: Lives, asked: Integers, length: timedelta) -> Integers:
    """Per row asked for the first row within (t - length, t] of its life."""
    length_ms, age = length // timedelta(milliseconds=1), lives.age_ms
    # Lives lie on one axis with gaps longer than any window, so that one search serves all devices at once.
    axis = lives.of_row * (int(age.max(initial=0)) + length_ms + 1) + age
    start: Integers = np.searchsorted(axis, axis[asked] - length_ms, side="right").astype(np.int64)
    return start


def gauge(value: Floats, place: Place, statistics: Sequence[Statistic]) -> Columns:
    """`value`, and of each window `mean`, `slope` per hour, `spread`, `minimum` and `maximum`; `change`: mean of the
    longest window minus the mean of the life's start. Of each trend `mean` and `slope`."""
    yield "value", value[place.asked]
    if place.start is None:
        return
    rows, valid = len(place.asked), ~np.isnan(value)
    offset = _first_of_life(value, valid, place.lives)
    difference = np.where(valid, value - offset, 0.0)
    stretches = [*place.windows, *place.trends, place.start]
    *of_both, of_start = moments(difference, valid, place.hours, stretches, rows)
    of_windows, of_trends = of_both[: len(place.windows)], of_both[len(place.windows) :]
    shift = offset[place.asked]
    computed: Mapping[Statistic, Callable[[], list[Floats]]] = {
        Statistic.MEAN: lambda: [sums.mean + shift for sums in of_windows],
        Statistic.SLOPE: lambda: [
            sums.slope(instants) for sums, instants in zip(of_windows, place.times(valid), strict=False)
        ],
        Statistic.SPREAD: lambda: [sums.spread() for sums in of_windows],
    }
    for statistic, compute in computed.items():
        if statistic in statistics:
            for window, column in zip(place.names, compute(), strict=True):
                yield f"{statistic}_{window}", column
    if {Statistic.MINIMUM, Statistic.MAXIMUM} & set(statistics):
        for window, (low, high) in zip(place.names, extremes(value, place.windows, rows), strict=True):
            for statistic, column in ((Statistic.MINIMUM, low), (Statistic.MAXIMUM, high)):
                if statistic in statistics:
                    yield f"{statistic}_{window}", column
    if Statistic.CHANGE in statistics:
        yield Statistic.CHANGE, of_windows[-1].mean - of_start.mean
    yield from _trends(of_trends, valid, place, shift)


def _trends(of_trends: Sequence[Moments], valid: Mask, place: Place, shift: Floats) -> Columns:
    of_times = place.times(valid)[len(place.windows) :] if of_trends else []
    for name, sums, instants in zip(place.trend_names, of_trends, of_times, strict=True):
        yield f"{Statistic.MEAN}_{name}", sums.mean + shift
        yield f"{Statistic.SLOPE}_{name}", sums.slope(instants)


def counter(value: Floats, place: Place) -> Columns:
    """`value`; `step`: growth since the value before; `increase` over each window; `change`: growth since the life's
    first value; `since_change`: hours since it last grew.

    A fall is a reset to zero: growth goes on from there, and a `change` over it is what the counter has reached again.
    Only values within the longest window count, and for `change` the first one within the life's start; growth between
    two values counts where both lie inside.
    """
    yield "value", value[place.asked]
    if place.start is None:
        return
    asked, lives = place.asked, place.lives
    rows = np.arange(len(value))
    valid = ~np.isnan(value)
    last = np.maximum.accumulate(np.where(valid, rows, -1))
    before = np.concatenate([[-1], last[:-1]])
    first = lives.first_row[lives.of_row]
    grows = valid & (before >= first)
    growth = np.zeros(len(value))
    now, then = value[grows], value[before[grows]]
    growth[grows] = np.where(now >= then, now - then, np.maximum(now, 0))

    following = np.minimum.accumulate(np.where(valid, rows, len(value))[::-1])[::-1]
    begins = [following[window.start] for window in place.windows]
    windows = place.grown if valid.all() else [
        Stretches.cut(begin + 1, asked + 1, place.hours, place.hours[asked]) for begin in begins
    ]  # fmt: skip
    some = [begin <= asked for begin in begins]
    longest = begins[-1]
    inside = valid[asked] & (before[asked] >= longest)
    yield "step", np.where(inside, growth[asked], np.nan)
    sums = moments(growth, grows, place.hours, windows, len(asked))
    for window, sum_of, known in zip(place.names, sums, some, strict=True):
        yield f"increase_{window}", np.where(known, sum_of.total, np.nan)
    opening = following[first[asked]]
    early = opening <= asked
    early[early] &= place.hours[opening[early]] < max(place.baseline_hours, 1e-9)
    latest = last[asked]
    known = early & (latest >= longest) & some[-1]
    change = np.full(len(asked), np.nan)
    reached = value[latest[known]]
    change[known] = np.where(reached >= value[opening[known]], reached - value[opening[known]], reached)
    yield "change", change
    grew = np.maximum.accumulate(np.where(growth > 0, rows, -1))[asked]
    recent = grew > longest
    since = np.full(len(asked), np.nan)
    since[recent] = place.hours[asked[recent]] - place.hours[grew[recent]]
    yield "since_change", since


def _first_of_life(value: Floats, valid: Mask, lives: Lives) -> Floats:
    rows = np.flatnonzero(valid)
    if not len(rows):
        return np.zeros(len(value))
    first = rows[np.minimum(np.searchsorted(rows, lives.first_row), len(rows) - 1)]
    return np.where(lives.of_row[first] == np.arange(len(first)), value[first], 0.0)[lives.of_row]
