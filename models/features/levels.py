"""What a channel's values may be, and how the operating regime shifts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.features.regimes import Regimes
from models.features.stretches import Floats
from models.lives import Integers

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
    inside = (values >= least) & (values <= most)
    return values if inside.all() else np.where(inside, values, np.nan)
