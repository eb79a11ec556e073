"""What plain gradient boosting reaches: scikit-learn's defaults on the raw channels of each reading."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, StratifiedKFold

from models.threads import one_thread

SEED = 0


def raw_channels(readings: pd.DataFrame) -> NDArray[np.float64]:
    """The channels as they were read."""
    matrix: NDArray[np.float64] = readings.drop(columns=["device", "ts"]).to_numpy(dtype=np.float64)
    return matrix


def plain_risk(
    training: pd.DataFrame, failed: NDArray[np.float64], test: pd.DataFrame, seed: int = SEED
) -> NDArray[np.float64]:
    """Risk of each test reading, learnt from the training readings whose label (1, 0, NaN) is known."""
    known = ~np.isnan(failed)
    with one_thread():
        model = HistGradientBoostingClassifier(random_state=seed).fit(raw_channels(training)[known], failed[known])
        risk: NDArray[np.float64] = model.predict_proba(raw_channels(test))[:, 1]
    return risk


def plain_risk_of_folds(readings: pd.DataFrame, failed: NDArray[np.float64], folds: int) -> NDArray[np.float64]:
    """Risk of each reading, learnt from the other folds."""
    risk = np.empty(len(readings))
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=SEED).split(readings, failed):
        risk[test] = plain_risk(readings.iloc[train], failed[train], readings.iloc[test])
    return risk


def plain_rul(training: pd.DataFrame, rul: NDArray[np.float64], test: pd.DataFrame) -> NDArray[np.float64]:
    """Remaining useful life of each test reading, in the unit of `rul`."""
    with one_thread():
        model = HistGradientBoostingRegressor(random_state=SEED).fit(raw_channels(training), rul)
        predicted: NDArray[np.float64] = model.predict(raw_channels(test))
    return predicted


def plain_rul_of_folds(readings: pd.DataFrame, rul: NDArray[np.float64], folds: int) -> NDArray[np.float64]:
    """Remaining useful life of each reading, learnt from the devices of the other folds."""
    predicted = np.empty(len(readings))
    for train, test in GroupKFold(folds).split(readings, groups=readings["device"]):
        predicted[test] = plain_rul(readings.iloc[train], rul[train], readings.iloc[test])
    return predicted
