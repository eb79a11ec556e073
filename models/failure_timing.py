"""When a failure comes: the chance of failing in a step of time after a lead, given that the device runs until then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear  # type: ignore[import-untyped]
from scipy.special import expit  # type: ignore[import-untyped]

from models.calibration import Floats, log_odds

LEVEL, CURVE = 10.0, 300.0
"""Steps left, and their square, in units that make the weights alike."""
PENALTY = 1e-3
"""Of squared weights, per failure learnt from."""
PRECISION, HALVINGS = 1e-7, 20
"""A step that gains less than this share of the loss is the last; how often one is halved at most."""
TINY = 1e-9
"""Added to curvatures: where all is told apart, there is none."""


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
    design = np.column_stack([np.ones(len(fails)), _signals(left[known], risk[known], step)])
    intercept, *slopes = _fit_logistic(design, fails, np.ones(len(fails)) if weights is None else weights[known])
    return FailureTiming(step, lead, float(intercept), tuple(float(slope) for slope in slopes))


def _fit_logistic(design: Floats, fails: Floats, counts: Floats) -> Floats:
    """Weights of a logistic regression of which all but the first are at least 0.

    Newton's method: each step goes to where the loss' quadratic model is least within the bounds, and is halved until
    the loss falls.
    """
    events = max(float(counts @ fails), 0.5)
    penalty = np.full(design.shape[1], 2 * PENALTY * events)
    penalty[0] = 0.0
    lowest = np.where(penalty > 0, 0.0, -np.inf)

    def loss(weights: Floats) -> float:
        odds = design @ weights
        return float(counts @ (np.logaddexp(0, odds) - fails * odds) + penalty @ weights**2 / 2)

    weights = np.zeros(design.shape[1])
    weights[0] = np.log(events / max(float(counts.sum()), 1.0))
    value, gain = loss(weights), np.inf
    while gain > PRECISION * max(value, 1.0):
        chance = expit(design @ weights)
        slope = design.T @ (counts * (chance - fails)) + penalty * weights
        curvature = (design.T * (counts * chance * (1 - chance))) @ design + np.diag(penalty + TINY)
        root = np.linalg.cholesky(curvature)
        step = lsq_linear(root.T, -np.linalg.solve(root, slope), (lowest - weights, np.inf), method="bvls").x
        tried = (weights + step / 2**halved for halved in range(HALVINGS))
        weights = next((some for some in tried if loss(some) < value), weights)
        before, value = value, loss(weights)
        gain = before - value
    return weights


def _signals(left: Floats, risk: Floats, step: float) -> Floats:
    steps = left.reshape(len(left), -1) / step
    return np.column_stack([-steps / LEVEL, -(steps**2) / CURVE, log_odds(risk)])
