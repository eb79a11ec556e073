"""Features of gauges, whose level tells: of many channels at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.device_model import Statistic
from models.features.place import Known, Place, share_of
from models.features.stretches import Floats, Mask, Singles, extremes, sums, with_empty
from models.lives import Lives

CERTAIN = 1 - 1e-14
"""Of a mean of squares: the rest may be rounding."""


def gauges(value: Floats, place: Place, statistics: Sequence[Statistic]) -> Iterator[tuple[str, Floats | Singles]]:
    """`value`, and of each window `mean`, `slope` per hour, `spread`, `minimum` and `maximum`; `change`: mean of the
    longest window minus the mean of the life's start. Of each trend `mean` and `slope`.

    `value`: channels by rows, NaN where there is none; channels without a gap are quicker by themselves than among
    others. Each answer is channels by rows asked for.
    """
    single = value.astype(np.float32)
    yield "value", single if len(place.asked) == value.shape[1] else single.take(place.asked, axis=1)
    if not place.windows:
        return
    levels = Levels.of(value, place)
    computed: Mapping[Statistic, Callable[[], Sequence[Floats | Singles]]] = {
        Statistic.MEAN: lambda: [mean + levels.shift for mean in levels.windows],
        Statistic.SLOPE: lambda: levels.slopes(slice(0, len(place.windows))),
        Statistic.SPREAD: levels.spreads,
        Statistic.MINIMUM: lambda: extremes(single, place.windows, np.fmin),
        Statistic.MAXIMUM: lambda: extremes(single, place.windows, np.fmax),
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
    """Channels by rows: what sums are made of, and channels by rows asked for: sums and means.

    difference: from the channel's first value in the life, `shift`, and 0 where there is no value, as `with_empty` made
    it; sums of the squares of such small numbers are exact enough. known: None when every value is there, and then one
    line of counts serves all channels. shares, totals: of each window and then of each trend one over the count, NaN
    without a value, and the sum.
    """

    place: Place
    difference: Floats
    known: Known | None
    shift: Floats
    shares: Sequence[Floats]
    totals: Sequence[Floats]
    windows: Sequence[Floats]
    trends: Sequence[Floats]
    at_start: Floats

    @classmethod
    def of(cls, value: Floats, place: Place) -> Levels:
        """`value`: NaN where there is none."""
        there, lives = ~np.isnan(value), place.lives
        first = _first_of_life(value, there, lives)
        shift = first.take(lives.of_row, axis=1)
        difference = with_empty(value - shift)
        stretches = [*place.windows, *place.trends, place.start]
        known = None
        if not there.all():
            difference[:, :-1][~there] = 0.0
            known = Known.of(there, stretches)
        totals = sums(difference, stretches)
        shares = place.shares() if known is None else [share_of(count) for count in known.counts]
        *means, start = (total * share for total, share in zip(totals, shares, strict=True))
        return cls(
            place=place,
            difference=difference,
            known=known,
            shift=shift if len(place.asked) == len(lives.of_row) else shift.take(place.asked, axis=1),
            shares=shares[:-1],
            totals=totals[:-1],
            windows=means[: len(place.windows)],
            trends=means[len(place.windows) :],
            at_start=start.take(place.start_of, axis=1),
        )

    def slopes(self, which: slice) -> list[Floats]:
        """Of some of the windows and trends the least-squares slope per hour; NaN for fewer than three values."""
        place = self.place
        stretches = [*place.windows, *place.trends]
        fits = place.fits() if self.known is None else place.fits_of(self.known)
        products = sums(self.difference * np.append(place.hours, 0.0), stretches[which])
        slopes = []
        for product, total, fit in zip(products, self.totals[which], fits[which], strict=True):
            product *= fit.of_product
            product -= total * fit.of_total
            slopes.append(product)
        return slopes

    def spreads(self) -> list[Floats]:
        """Of each window the standard deviation of the values; NaN without a value."""
        squares = sums(self.difference * self.difference, self.place.windows)
        told = zip(squares, self.shares, self.windows, strict=False)
        return [_spread(square, share, mean) for square, share, mean in told]


def _spread(square: Floats, share: Floats, mean: Floats) -> Floats:
    """Standard deviation of values with this sum of their squares and this mean. What may be rounding alone counts as
    0."""
    square *= share * CERTAIN
    square -= mean * mean
    np.maximum(square, 0.0, out=square)
    return np.sqrt(square, out=square)


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
