"""When a failure comes: the chance of failing in a step of time after a lead, given that the device runs until then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.special import expit  # type: ignore[import-untyped]

from models.calibration import Floats, log_odds

LEVEL, CURVE = 10.0, 300.0
"""Steps left, and their square, in units that make the weights alike."""
PENALTY = 1e-3
"""Of squared weights, per failure learnt from."""


@dataclass(frozen=True, slots=True)
class FailureTiming:
    """Logistic hazards, one for each lead; none of the weights is negative, so that a hazard never rises with the
    hours left nor falls with the risk.

    step: hours. lead: hours from a reading to the beginning of the step.
    """

    step: float
    lead: float
    intercept: float
    weights: tuple[float, ...]

    def hazard(self, left: Floats, risk: Floats) -> Floats:
        """Per reading the probability of failing in the step after the lead, given that the device runs until then."""
        told: Floats = expit(self.odds(left, risk))
        return told

    def odds(self, left: Floats, risk: Floats) -> Floats:
        """The log-odds of `hazard`."""
        odds: Floats = self.intercept + _signals(left, risk, self.step) @ np.array(self.weights)
        return odds


def fit_timing(
    left: Floats,
    risk: Floats,
    truth: Floats,
    failed: NDArray[np.bool_],
    *,
    step: float,
    lead: float,
    weights: Floats | None = None,
) -> FailureTiming:
    """Fit on readings whose `left` (hours told) and `risk` come from models that have not seen their devices.

    truth: hours to the end of the life, which `failed` says was a failure. weights: for how many readings each stands.
    The threshold that a decision compares the hazard with lies deep in its tail, hence the square: times to failure
    told by a good model scatter about like a normal distribution, whose hazard falls faster than a logistic one.
    """
    alive = truth > lead
    known = alive & (failed | (truth > lead + step))
    fails = (failed & (truth <= lead + step))[known].astype(np.float64)
    signals, counts = (
        _signals(left[known], risk[known], step),
        np.ones(len(fails)) if weights is None else weights[known],
    )
    events = max(float(counts @ fails), 0.5)

    def loss(guess: Floats) -> tuple[float, Floats]:
        odds, slopes = guess[0] + signals @ guess[1:], guess[1:]
        excess = counts * (expit(odds) - fails)
        value = counts @ (np.logaddexp(0, odds) - fails * odds) + PENALTY * events * (slopes**2).sum()
        return float(value), np.concatenate([[excess.sum()], signals.T @ excess + 2 * PENALTY * events * slopes])

    first = np.zeros(signals.shape[1] + 1)
    first[0] = np.log(events / max(float(counts.sum()), 1.0))
    bounds = [(None, None), *[(0.0, None)] * signals.shape[1]]
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return FailureTiming(step, lead, float(found.x[0]), tuple(float(weight) for weight in found.x[1:]))


def _signals(left: Floats, risk: Floats, step: float) -> Floats:
    steps = left.reshape(len(left), -1) / step
    return np.column_stack([-steps / LEVEL, -(steps**2) / CURVE, log_odds(risk)])
