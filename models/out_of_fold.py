"""Fits the estimators, and predicts every device by estimators that have not seen it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from models.calibration import Floats, fit_interval
from models.failure_model import raw_risk, raw_rul
from models.lives import Integers

FOLDS = 5
MOST_ROWS = 12_000
"""Readings that one estimator is fitted on, half of them near a failure where there are as many: neighbours tell
nearly the same, so that more of them cost time and bring little."""

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Examples:
    """What there is to learn from; one entry per reading.

    devices: numbered from 0. fails_within: 1, 0 or NaN. rul: hours, capped; NaN where even that is not known.
    """

    matrix: NDArray[np.float32]
    devices: Integers
    fails_within: Floats
    rul: Floats


@dataclass(frozen=True, slots=True)
class Estimators:
    """Both answers, fitted on the same readings."""

    risk: HistGradientBoostingClassifier
    rul: HistGradientBoostingRegressor


def fit(examples: Examples, rows: Rows, seed: int) -> Estimators:
    """Fit on the given rows, thinned to `MOST_ROWS`.

    The rows left out are made up for by weights in the risk, whose level matters, and not in the remaining useful life, which is told
    to be good near the failure.
    """
    chosen, weight = _thin(examples, np.flatnonzero(rows & ~np.isnan(examples.fails_within)), seed)
    risk = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.08, max_leaf_nodes=12, min_samples_leaf=30, l2_regularization=1.0,
        max_features=0.5, early_stopping=False, random_state=seed,
    )  # fmt: skip
    risk.fit(examples.matrix[chosen], examples.fails_within[chosen], sample_weight=weight)
    chosen, _ = _thin(examples, np.flatnonzero(rows & ~np.isnan(examples.rul)), seed)
    rul = HistGradientBoostingRegressor(
        max_iter=100, learning_rate=0.08, max_leaf_nodes=16, min_samples_leaf=30, l2_regularization=1.0,
        max_features=0.5, early_stopping=False, random_state=seed,
    )  # fmt: skip
    rul.fit(examples.matrix[chosen], examples.rul[chosen])
    return Estimators(risk, rul)


def predict_out_of_fold(examples: Examples, cap: float, seed: int) -> tuple[Floats, Floats]:
    """Per row the raw risk and the remaining useful life from estimators fitted on the other folds' devices."""
    risk, rul = np.empty(len(examples.matrix)), np.empty(len(examples.matrix))
    for held_out in _folds(examples, seed):
        estimators = fit(examples, ~held_out, seed)
        risk[held_out] = raw_risk(estimators.risk, examples.matrix[held_out])
        rul[held_out] = raw_rul(estimators.rul, examples.matrix[held_out], cap)
    return risk, rul


def intervals_out_of_fold(examples: Examples, rul: Floats, cap: float, seed: int) -> tuple[Floats, Floats]:
    """Per row the interval around held-out `rul` that the other folds' devices give."""
    low, high = np.empty(len(rul)), np.empty(len(rul))
    for held_out in _folds(examples, seed):
        others = ~held_out & ~np.isnan(examples.rul)
        low[held_out], high[held_out] = fit_interval(rul[others], examples.rul[others], cap).apply(rul[held_out])
    return low, high


def _folds(examples: Examples, seed: int) -> Iterator[Rows]:
    """Deal the devices into folds: first those that fail, so that each fold has as many of them as can be."""
    count = int(examples.devices.max()) + 1
    failures = np.bincount(examples.devices, weights=examples.fails_within == 1, minlength=count) > 0
    shuffled = np.random.default_rng(seed).permutation(count)
    order = shuffled[np.argsort(~failures[shuffled], kind="stable")]
    fold_of_device = np.empty(count, dtype=np.int64)
    fold_of_device[order] = np.arange(count) % min(FOLDS, int(failures.sum()))
    fold = fold_of_device[examples.devices]
    for number in range(int(fold.max()) + 1):
        yield fold == number


def _thin(examples: Examples, rows: Integers, seed: int) -> tuple[Integers, Floats]:
    """At most `MOST_ROWS` of the rows, and for each the number of rows that it stands for."""
    random = np.random.default_rng(seed)
    near = examples.rul[rows] < np.nanmax(examples.rul)
    taken_near = min(int(near.sum()), max(MOST_ROWS // 2, MOST_ROWS - int((~near).sum())))
    chosen, weights = [], []
    for group, most in ((rows[near], taken_near), (rows[~near], MOST_ROWS - taken_near)):
        part = random.choice(group, most, replace=False) if len(group) > most else group
        chosen.append(part)
        weights.append(np.full(len(part), len(group) / max(len(part), 1)))
    return np.concatenate(chosen), np.concatenate(weights)
