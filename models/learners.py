"""The estimators behind both answers, in one configuration for all device models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, VotingRegressor
from sklearn.frozen import FrozenEstimator

from models.calibration import Floats
from models.nets import SmallNets
from models.threads import one_thread

SETTINGS: dict[str, Any] = {"min_samples_leaf": 30, "l2_regularization": 1.0, "early_stopping": False}
FOR_RISK: dict[str, Any] = {"learning_rate": 0.08, "max_iter": 80, "max_leaf_nodes": 12, "max_features": 0.5}
FOR_RUL: dict[str, Any] = {
    "learning_rate": 0.09,
    "max_iter": 100,
    "max_leaf_nodes": 16,
    "max_features": 0.4,
    "max_bins": 64,
}
WEIGHTS = {"trees": 0.3, "nets": 0.7}
PLACES = 254
"""Different values of a column that the classifier tells apart; scikit-learn's histograms hold 255."""

Matrix = NDArray[np.float32]


def fit_risk(matrix: Matrix, failed: Floats, seed: int) -> HistGradientBoostingClassifier:
    """The classifier of failing within the horizon; `failed` is 0 or 1 per row."""
    estimator = HistGradientBoostingClassifier(**SETTINGS, **FOR_RISK, random_state=seed)
    with one_thread():
        return estimator.fit(known_columns(snap(matrix, failed == 1)), failed)


def fit_rul(
    matrix: Matrix, rul: Floats, smooth: Sequence[int], seed: int, wider: tuple[Matrix, Floats] | None = None
) -> VotingRegressor:
    """The regressor of the remaining useful life in hours: trees on all columns and, where there are `smooth` columns,
    small neural nets on these. Trees tell in steps what nets tell smoothly, so that their errors differ, and the
    weighted mean has smaller ones than any of them. wider: rows and hours that the nets learn from instead.
    """
    known = known_columns(matrix)
    with one_thread():
        trees = HistGradientBoostingRegressor(**SETTINGS, **FOR_RUL, random_state=seed).fit(known, rul)
        learners: dict[str, Any] = {"trees": FrozenEstimator(trees)}
        if smooth:
            learners["nets"] = FrozenEstimator(SmallNets(smooth, seed).fit(*(wider or (matrix, rul))))
        weights = [WEIGHTS[name] for name in learners]
        return VotingRegressor(list(learners.items()), weights=weights).fit(known[:1], rul[:1])


def snap(matrix: Matrix, rare: NDArray[np.bool_]) -> Matrix:
    """Each value replaced by the nearest of at most `PLACES` values of its column, half of them quantiles of the
    `rare` rows and half of the others.

    Histograms cut a column at quantiles of all rows. Where few rows fail, all that goes on near the limit beyond which
    they do lies between two cuts. Of snapped values scikit-learn cuts halfway between neighbours, so that the fitted
    trees hold for values as they are.
    """
    snapped = matrix.copy()
    for column in snapped.T:
        known = ~np.isnan(column)
        if len(np.unique(column[known])) <= PLACES:
            continue
        parts = [np.sort(column[known & rows]) for rows in (rare, ~rare)]
        kept = np.unique(np.concatenate([_quantiles(part, PLACES // 2) for part in parts]))
        column[known] = kept[np.searchsorted((kept[1:] + kept[:-1]) / 2, column[known])]
    return snapped


def _quantiles(ordered: Matrix, count: int) -> Matrix:
    """That many of the ordered values, evenly spread by rank from the first to the last."""
    evenly: Matrix = ordered[np.linspace(0, len(ordered) - 1, min(count, len(ordered))).astype(int)]
    return evenly


def known_columns(matrix: Matrix) -> Matrix:
    """The matrix with zeros in columns that no row knows: scikit-learn cannot bin these."""
    unknown = np.isnan(matrix).all(axis=0)
    return np.where(unknown, np.float32(0), matrix)
