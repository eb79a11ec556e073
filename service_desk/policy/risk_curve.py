"""The risk curve of a prediction: as its model tells it, or drawn from risk and remaining life."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from domain.prediction import CURVE_STEPS, Prediction
from service_desk.policy.options import RiskCurve
from service_desk.policy.renewal import Floats

HORIZONS = 2
"""How far a curve reaches that is drawn."""
INTERVAL = np.log([1, 1 / 0.95, 1 / 0.5, 1 / 0.05])
"""Cumulative hazard now and at the lower end, the middle and the upper end of a 90 % interval."""
SHORTEST = 1e-3
"""Steps that lie between two of these at least."""
CERTAIN = 1 - 1e-9


def risk_curve(prediction: Prediction, *, now: datetime | None = None) -> RiskCurve:
    """Probability of having failed by the end of each step from `now` on (without it from `as_of`), given that the
    device runs until then. At the horizon the curve of `as_of` passes through the prediction's risk. Beyond its end the
    hazard stays what it was there."""
    step = prediction.horizon / timedelta(hours=1) / CURVE_STEPS
    failed_by = np.array(prediction.failed_by) if prediction.failed_by else _drawn(prediction, step)
    if now is None or now <= prediction.as_of:
        return RiskCurve(step, failed_by)
    hazard = np.concatenate([[0.0], -np.log1p(-np.minimum(failed_by, CERTAIN))])
    last, gone = len(hazard) - 1, (now - prediction.as_of) / timedelta(hours=1) / step
    places = gone + np.arange(len(hazard))
    later = np.interp(places, np.arange(len(hazard)), hazard)
    later += (hazard[last] - hazard[last - 1]) * np.maximum(places - last, 0)
    return RiskCurve(step, -np.expm1(later[0] - later[1:]))


def _drawn(prediction: Prediction, step: float) -> Floats:
    """The hazard is even between the ends and the middle of the interval, and in proportion to the risk."""
    lives = (prediction.rul_low, prediction.rul, prediction.rul_high)
    told = np.array([0.0, *(life / timedelta(hours=1) for life in lives)]) / step
    places = np.maximum.accumulate(told + SHORTEST * np.arange(len(told)))
    ends = np.arange(1, HORIZONS * CURVE_STEPS + 1)
    last_rate = (INTERVAL[-1] - INTERVAL[-2]) / (places[-1] - places[-2])
    hazard = np.interp(ends, places, INTERVAL) + last_rate * np.maximum(ends - places[-1], 0)
    wanted = -np.log1p(-min(prediction.risk, CERTAIN))
    failed_by: Floats = -np.expm1(-hazard * wanted / hazard[CURVE_STEPS - 1])
    return failed_by
