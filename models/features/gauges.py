"""Features of gauges, whose level tells: of many channels at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.device_model import Statistic
from models.features.place import Place, Times
from models.features.stretches import Floats, Mask, extremes, lagged_sums, sums
from models.lives import Lives


def gauges(value: Floats, place: Place, statistics: Sequence[Statistic]) -> Iterator[tuple[str, Floats]]:
    """`value`, and of each window `mean`, `slope` per hour, `spread`, `minimum` and `maximum`; `change`: mean of the
    longest window minus the mean of the life's start. Of each trend `mean` and `slope`.

    `value`: channels by rows, NaN where there is none; channels without a gap are quicker by themselves than among
    others. Each answer is channels by rows asked for.
    """
    yield "value", value if len(place.asked) == value.shape[1] else value.take(place.asked, axis=1)
    if not place.windows:
        return
    levels = Levels.of(value, place)
    computed: Mapping[Statistic, Callable[[], list[Floats]]] = {
        Statistic.MEAN: lambda: [mean + levels.shift for mean in levels.windows],
        Statistic.SLOPE: lambda: levels.slopes(slice(0, len(place.windows))),
        Statistic.SPREAD: levels.spreads,
        Statistic.MINIMUM: lambda: extremes(value, place.windows, np.fmin),
        Statistic.MAXIMUM: lambda: extremes(value, place.windows, np.fmax),
    }
    for statistic, compute in computed.items():
        if statistic in statistics:
            for name, column in zip(place.names, compute(), strict=True):
                yield f"{statistic}_{name}", column
    if Statistic.CHANGE in statistics:
        yield Statistic.CHANGE, levels.windows[-1] - levels.at_start
    of_trends = levels.slopes(slice(len(place.windows), None)) if place.trends else []
    for name, mean, slope in zip(place.trend_names, levels.trends, of_trends, strict=True):
        yield f"{Statistic.MEAN}_{name}", mean + levels.shift
        yield f"{Statistic.SLOPE}_{name}", slope


@dataclass(frozen=True, slots=True)
class Levels:
    """Channels by rows: what sums are made of, and channels by rows asked for: counts, sums and means.

    difference: from the channel's first value in the life, `shift`, and 0 where there is no value; sums of the squares
    of such small numbers are exact enough. valid: 1 where there is a value, else 0; None when every value is there, and
    then one line of counts serves all channels. counts, totals: of each window and then of each trend.
    """

    place: Place
    difference: Floats
    valid: Floats | None
    shift: Floats
    counts: Sequence[Floats]
    totals: Sequence[Floats]
    windows: Sequence[Floats]
    trends: Sequence[Floats]
    at_start: Floats

    @classmethod
    def of(cls, value: Floats, place: Place) -> Levels:
        """`value`: NaN where there is none."""
        known, lives = ~np.isnan(value), place.lives
        valid = None if known.all() else known.astype(np.float64)
        first = _first_of_life(value, known, lives)
        shift = first.take(lives.of_row, axis=1)
        difference = value - shift
        if valid is not None:
            difference[~known] = 0.0
        stretches = [*place.windows, *place.trends, place.start]
        totals = sums(difference, stretches)
        if valid is None:
            counts = [stretch.length[np.newaxis].astype(np.float64) for stretch in stretches]
        else:
            counts = sums(valid, stretches)
        *means, start = (_ratio(total, count) for total, count in zip(totals, counts, strict=True))
        return cls(
            place=place,
            difference=difference,
            valid=valid,
            shift=shift if len(place.asked) == len(lives.of_row) else shift.take(place.asked, axis=1),
            counts=counts[:-1],
            totals=totals[:-1],
            windows=means[: len(place.windows)],
            trends=means[len(place.windows) :],
            at_start=start.take(place.start_of, axis=1),
        )

    def slopes(self, which: slice) -> list[Floats]:
        """Of some of the windows and trends the least-squares slope per hour; NaN for fewer than three values."""
        place = self.place
        stretches = [*place.windows, *place.trends]
        times = place.times() if self.valid is None else Times.of(self.valid, place.hours, stretches)
        products = lagged_sums(self.difference, place.hours, stretches[which])
        told = zip(self.counts[which], self.totals[which], products, times[which], strict=True)
        return [_slope(*of_stretch) for of_stretch in told]

    def spreads(self) -> list[Floats]:
        """Of each window the standard deviation of the values; NaN without a value."""
        squares = sums(self.difference * self.difference, self.place.windows)
        return [
            _spread(_ratio(square, count), mean)
            for square, count, mean in zip(squares, self.counts, self.windows, strict=False)
        ]


def _slope(count: Floats, total: Floats, product: Floats, times: Times) -> Floats:
    spread = count * times.square - times.total**2
    enough = (count >= 3) & (spread > 0)
    return _ratio(count * product - times.total * total, np.where(enough, spread, 0))


def _spread(square: Floats, mean: Floats) -> Floats:
    """Standard deviation of values with this mean of their squares. What may be rounding alone counts as 0."""
    variance = square - mean * mean
    certain = variance > 1e-14 * square
    if not certain.all():
        variance *= certain
    spread: Floats = np.sqrt(variance, out=variance)
    return spread


def _first_of_life(value: Floats, valid: Mask, lives: Lives) -> Floats:
    """Per channel the first value of each life; 0 where it has none."""
    found = value.take(lives.first_row, axis=1)
    for line, of_channel, known in zip(found, value, valid, strict=True):
        rows = np.flatnonzero(known)
        if len(rows) == len(known):
            continue
        first = np.append(rows, len(known))[np.searchsorted(rows, lives.first_row)]
        last = np.append(lives.first_row[1:], len(known))
        has = first < last
        line[has], line[~has] = of_channel[first[has]], 0.0
    return found


def _ratio(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = part / np.where(whole > 0, whole, np.nan)
    return ratio
