"""Fits the estimators, and predicts every device by estimators that have not seen it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from models.calibration import Floats, fit_interval
from models.failure_model import raw_risk, raw_rul
from models.lives import Integers
from models.threads import one_thread

FOLDS = 5
MOST_ROWS = 12_000
"""Readings that one estimator is fitted on, half of them near a failure where there are as many: neighbours tell
nearly the same, so that more of them cost time and bring little."""
SETTINGS: dict[str, Any] = {
    "learning_rate": 0.08,
    "min_samples_leaf": 30,
    "l2_regularization": 1.0,
    "max_features": 0.5,
    "early_stopping": False,
}
"""Of both estimators; one configuration for all device models."""

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
    """Fit on the given rows, thinned to `MOST_ROWS`. Thinning raises the share of failures and with it the raw risk;
    calibration on all rows takes that back, as it is a shift of the log-odds.
    """
    for_risk = _thin(examples, rows & ~np.isnan(examples.fails_within), seed)
    for_rul = _thin(examples, rows & ~np.isnan(examples.rul), seed)
    risk = HistGradientBoostingClassifier(max_iter=80, max_leaf_nodes=12, **SETTINGS, random_state=seed)
    rul = HistGradientBoostingRegressor(max_iter=100, max_leaf_nodes=16, **SETTINGS, random_state=seed)
    with one_thread():
        risk.fit(_told(examples.matrix[for_risk]), examples.fails_within[for_risk])
        rul.fit(_told(examples.matrix[for_rul]), examples.rul[for_rul])
    return Estimators(risk, rul)


def _told(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matrix with zeros in columns that no row knows: scikit-learn cannot bin these."""
    matrix[:, np.isnan(matrix).all(axis=0)] = 0
    return matrix


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


def _thin(examples: Examples, of: Rows, seed: int) -> Integers:
    """At most `MOST_ROWS` of the rows, drawn at random; those near a failure have half of the room or what is left."""
    random, rows = np.random.default_rng(seed), np.flatnonzero(of)
    near = examples.rul[rows] < np.nanmax(examples.rul)
    room_near = max(MOST_ROWS // 2, MOST_ROWS - int((~near).sum()))
    room_far = MOST_ROWS - min(int(near.sum()), room_near)
    groups = ((rows[near], room_near), (rows[~near], room_far))
    return np.concatenate([random.permutation(group)[:room] for group, room in groups])
