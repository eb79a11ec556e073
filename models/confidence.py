"""How sure a figure is: 90 % intervals of shares, of rates, and of whatever is computed from sums over devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from models.calibration import Floats
from models.lives import Integers

LEVEL = 0.9
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
DRAWS = 400
MOST_UNITS = 2000
"""Of more devices, groups are drawn: as many of them tell as much about the spread."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 90 % interval; None where there was nothing to measure, or no end on that side."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def within(cls, value: float | None, *intervals: tuple[float, float] | None) -> Figure:
        """With an interval that holds all of those given and the value itself."""
        told = [end for interval in intervals if interval is not None for end in interval]
        if value is None or not told:
            return cls(value)
        return cls(value, min(value, *told), max(value, *told))

    def as_list(self) -> list[float | None]:
        """Value, lower and upper end, to four significant digits."""
        ends = (self.value, self.low, self.high)
        return [None if end is None or not np.isfinite(end) else float(f"{end:.4g}") for end in ends]


def wilson(part: float, whole: float, level: float = LEVEL) -> tuple[float, float] | None:
    """Interval of the share part / whole (E. B. Wilson, 1927); None of nothing."""
    if whole <= 0:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, scale = part / whole, 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / whole + (z / (2 * whole)) ** 2)
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def poisson(count: float, exposure: float) -> tuple[float, float] | None:
    """Interval of the rate count / exposure, which has an upper end also for a count of 0 (Byar's approximation,
    N. E. Breslow and N. E. Day, 1987); None without exposure."""
    if exposure <= 0:
        return None
    more = count + 1
    low = count * (1 - 1 / (9 * count) - Z / (3 * count**0.5)) ** 3 if count else 0.0
    high = more * (1 - 1 / (9 * more) + Z / (3 * more**0.5)) ** 3
    return low / exposure, high / exposure


def sum_by_device(devices: Integers, *columns: Floats) -> Floats:
    """Devices by columns: the sums over each device's entries; devices are numbered from 0."""
    count = int(devices.max(initial=-1)) + 1
    present = np.bincount(devices, minlength=count) > 0
    sums = [np.bincount(devices, weights=column, minlength=count)[present] for column in columns]
    return np.column_stack(sums)


def draw_devices(sums: Floats, seed: int = 0) -> Floats:
    """Draws by columns: the columns' totals when as many devices are drawn anew with replacement (Efron, 1979)."""
    if len(sums) > MOST_UNITS:
        sums = sum_by_device(np.arange(len(sums)) % MOST_UNITS, *sums.T)
    random, units = np.random.default_rng(seed), len(sums)
    weights = [np.bincount(random.integers(0, units, units), minlength=units) for _ in range(DRAWS)]
    drawn: Floats = np.array(weights, dtype=np.float64) @ sums
    return drawn


def bootstrap(sums: Floats, statistic: Callable[[Floats], Floats], seed: int = 0) -> tuple[float, float] | None:
    """Interval of a statistic that maps rows of totals to one number each; None for fewer than two devices, and when
    most draws have no answer (NaN)."""
    if len(sums) < 2:
        return None
    with np.errstate(all="ignore"):
        drawn = statistic(draw_devices(sums, seed))
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < DRAWS / 2:
        return None
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def ratio(totals: Floats) -> Floats:
    """First column over the second: the statistic of means and rates."""
    return np.asarray(totals[..., 0] / totals[..., 1])
