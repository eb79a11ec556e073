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
LATE, EARLY = 0.08, 0.104
"""Shares of the cap by which a remaining life that is told too long, or too short, costs e times as much: 10 and 13 of
125 cycles in A. Saxena et al., 2008, "Damage Propagation Modeling for Aircraft Engine Run-to-Failure Simulation"."""
EARLINESS: Floats = np.linspace(0, 0.05, 26)
"""By how much of the cap less may be told."""
ENOUGH_ROWS = 20_000


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

    The interval is of the remaining useful life capped at `cap`, so its upper end says "or more" there. early: so much
    less is told than predicted, because being late costs more than being early.
    """

    predicted: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    cap: float
    early: float = 0.0

    def tell(self, rul: Floats) -> Floats:
        """What is told of predictions within 0 and cap."""
        return np.maximum(rul - self.early, 0)

    def apply(self, rul: Floats) -> tuple[Floats, Floats]:
        """Lower and upper end: 0 <= lower <= told <= upper <= cap for predictions within 0 and cap."""
        low = rul + np.minimum(np.interp(rul, self.predicted, self.below), -self.early)
        high = rul + np.maximum(np.interp(rul, self.predicted, self.above), 0)
        return np.clip(low, 0, self.cap), np.clip(high, 0, self.cap)


def fit_interval(
    rul: Floats, truth: Floats, cap: float, weights: Floats | None = None, coverage: float = 0.9
) -> LifeInterval:
    """Split-conformal quantiles of held-out residuals (Vovk et al., 2005) within levels of equal size, and how much
    earlier than predicted costs least.

    Levels follow the predictions: narrow near the failure, wide far from it. `truth` is capped. weights: how much each
    of them counts, all of them more than 0.
    """
    weights = np.ones(len(rul)) if weights is None else weights
    order = np.argsort(rul, kind="stable")
    levels = np.array_split(order, max(1, min(LEVELS, len(order) // FEWEST_PER_LEVEL)))
    predicted, below, above = [], [], []
    for level in levels:
        residual = truth[level] - rul[level]
        tail = (1 - coverage) / 2 * (1 - 1 / (len(level) + 1))
        predicted.append(float(rul[level].mean()))
        least, most = np.quantile(residual, [tail, 1 - tail], method="inverted_cdf", weights=weights[level])
        below.append(float(least))
        above.append(float(most))
    some = order[:: len(order) // ENOUGH_ROWS + 1]
    early = _cheapest_earliness(rul[some] / cap, truth[some] / cap, weights[some]) * cap
    return LifeInterval(tuple(predicted), tuple(below), tuple(above), cap, early)


def _cheapest_earliness(rul: Floats, truth: Floats, weights: Floats) -> float:
    """All in shares of the cap."""
    costs = []
    for early in EARLINESS:
        late = np.maximum(rul - early, 0) - truth
        costs.append(float(weights @ np.expm1(np.maximum(late / LATE, -late / EARLY))))
    return float(EARLINESS[np.argmin(costs)])
