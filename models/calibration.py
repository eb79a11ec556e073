"""Honest numbers out of raw model outputs: calibrated risk, and intervals around remaining useful life."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
SMALLEST = 1e-6
LEVELS = 8
FEWEST_PER_LEVEL = 50


@dataclass(frozen=True, slots=True)
class RiskCalibration:
    """Platt's sigmoid on the log-odds (J. Platt, 1999): two numbers, strictly monotone, sound with few failures."""

    slope: float
    intercept: float

    def apply(self, raw: Floats) -> Floats:
        """Calibrated probabilities of raw ones."""
        calibrated: Floats = 1 / (1 + np.exp(-(self.slope * log_odds(raw) + self.intercept)))
        return calibrated


def calibrate_risk(raw: Floats, failed: Floats) -> RiskCalibration:
    """Fit on held-out raw probabilities and what became of them (0 or 1, both present)."""
    fitted = LogisticRegression(C=1e6).fit(log_odds(raw)[:, None], failed)
    slope = float(fitted.coef_[0, 0])
    if slope <= 0:  # worse than chance: the order must stay as the model has it, so tell everyone the mean
        slope, mean = SMALLEST, float(failed.mean())
        return RiskCalibration(slope, float(np.log(mean / (1 - mean))))
    return RiskCalibration(slope, float(fitted.intercept_[0]))


def log_odds(probability: Floats) -> Floats:
    """Natural log of the odds, finite also at 0 and 1."""
    clipped = np.clip(probability, SMALLEST, 1 - SMALLEST)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds


@dataclass(frozen=True, slots=True)
class LifeInterval:
    """How far the truth lay below and above the prediction, by level of the prediction; all in hours.

    The interval is of the remaining useful life capped at `cap`, so its upper end says "or more" there.
    """

    predicted: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    cap: float

    def apply(self, rul: Floats) -> tuple[Floats, Floats]:
        """Lower and upper end: 0 <= lower <= rul <= upper <= cap for predictions within 0 and cap."""
        low = rul + np.minimum(np.interp(rul, self.predicted, self.below), 0)
        high = rul + np.maximum(np.interp(rul, self.predicted, self.above), 0)
        return np.clip(low, 0, self.cap), np.clip(high, 0, self.cap)


def fit_interval(rul: Floats, truth: Floats, cap: float, coverage: float = 0.9) -> LifeInterval:
    """Split-conformal quantiles of held-out residuals (Vovk et al., 2005) within levels of equal size.

    Levels follow the predictions: narrow near the failure, wide far from it. `truth` is capped.
    """
    order = np.argsort(rul, kind="stable")
    levels = np.array_split(order, max(1, min(LEVELS, len(order) // FEWEST_PER_LEVEL)))
    predicted, below, above = [], [], []
    for level in levels:
        residual = truth[level] - rul[level]
        tail = (1 - coverage) / 2 * (1 - 1 / (len(level) + 1))
        predicted.append(float(rul[level].mean()))
        below.append(float(np.quantile(residual, tail, method="lower")))
        above.append(float(np.quantile(residual, 1 - tail, method="higher")))
    return LifeInterval(tuple(predicted), tuple(below), tuple(above), cap)
