"""A trained model of one failure mode: risk within the horizon, and remaining useful life with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, VotingRegressor

from models.calibration import Floats, LifeInterval, RiskCalibration
from models.condition import Condition
from models.features import FeaturePlan
from models.hazard_curve import HazardCurve
from models.near_failure import tell_left
from models.threads import one_thread


@dataclass(frozen=True, slots=True)
class FailureModel:
    """Everything that scoring needs, and where it came from.

    plan: how features are built. features: those of its columns, in order, that training used. condition: how the
    estimators read them.
    healthy: median of each feature over the fleet's healthy readings. metrics: from held-out devices. near_estimator:
    of hours left near failures; None where too few readings were. curve: the chance of failing at each lead.
    """

    device_model: str
    failure_mode: str
    horizon: timedelta
    rul_cap: timedelta
    plan: FeaturePlan
    features: Sequence[str]
    healthy: Mapping[str, float]
    alarm_threshold: float
    metrics: Mapping[str, Any]
    calibration: RiskCalibration
    interval: LifeInterval
    condition: Condition
    risk_estimator: HistGradientBoostingClassifier
    rul_estimator: VotingRegressor
    near_estimator: VotingRegressor | None = None
    curve: HazardCurve | None = None

    def risk(self, features: pd.DataFrame | Floats) -> Floats:
        """Probability of failing within the horizon, per row."""
        return self.calibration.apply(self.raw_risk(features))

    def raw_risk(self, features: pd.DataFrame | Floats) -> Floats:
        """The same before calibration."""
        return raw_risk(self.risk_estimator, self.condition.read(self._matrix(features)))

    def remaining_life(self, features: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
        """Remaining useful life in hours within 0 and the cap, and the lower and upper end of its 90 % interval. It is
        told as much too short as cost the least on held-out devices."""
        rul, _ = self.hours_left(features)
        return self.interval.tell(rul), *self.interval.apply(rul)

    def hours_left(self, features: pd.DataFrame) -> tuple[Floats, Floats]:
        """Remaining useful life in hours as predicted, not a little early on purpose, and as the estimator of the last
        stretch before a failure tells it, see `models.near_failure`."""
        matrix = self.condition.extend(self._matrix(features))
        rul = raw_rul(self.rul_estimator, matrix, self.interval.cap)
        return rul, tell_left(self.near_estimator, matrix, rul, self.interval.cap)

    def _matrix(self, features: pd.DataFrame | Floats) -> NDArray[np.float32]:
        if isinstance(features, pd.DataFrame):
            return features[list(self.features)].to_numpy(dtype=np.float32)
        return features.astype(np.float32)


def raw_risk(estimator: HistGradientBoostingClassifier, matrix: NDArray[np.float32]) -> Floats:
    """The classifier's own probability, not calibrated."""
    with one_thread():
        risk: Floats = estimator.predict_proba(matrix)[:, 1]
    return risk


def raw_rul(estimator: VotingRegressor, matrix: NDArray[np.float32], cap: float) -> Floats:
    """The regressor's hours within 0 and the cap."""
    with one_thread():
        rul: Floats = np.clip(estimator.predict(matrix), 0, cap)
    return rul
