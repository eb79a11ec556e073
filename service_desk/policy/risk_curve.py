"""The risk curve of a prediction: as its model tells it, or drawn from risk and remaining life."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from domain.prediction import CURVE_STEPS, Prediction
from domain.prediction_columns import PredictionColumns
from service_desk.policy.options import RiskCurve
from service_desk.policy.renewal import Floats

HORIZONS = 2
"""How far a curve reaches that is drawn."""
INTERVAL = np.log([1, 1 / 0.95, 1 / 0.5, 1 / 0.05])
"""Cumulative hazard now and at the lower end, the middle and the upper end of a 90 % interval."""
SHORTEST = 1e-3
"""Steps that lie between two of these at least."""
CERTAIN = 1 - 1e-9
HOUR = timedelta(hours=1)


def risk_curve(prediction: Prediction, *, now: datetime | None = None) -> RiskCurve:
    """Probability of having failed by the end of each step from `now` on (without it from `as_of`), given that the
    device runs until then. At the horizon the curve of `as_of` passes through the prediction's risk. Beyond its end the
    hazard stays what it was there."""
    step = prediction.horizon / HOUR / CURVE_STEPS
    failed_by = np.array(prediction.failed_by) if prediction.failed_by else _drawn_of(prediction, step)
    if now is None or now <= prediction.as_of:
        return RiskCurve(step, failed_by)
    hazard = cumulative_hazard(failed_by[None])
    places = (now - prediction.as_of) / HOUR / step + np.arange(float(hazard.shape[1]))
    later = np.maximum.accumulate(hazard_at(hazard, places[None])[0])  # rounding may let it fall by a hair
    return RiskCurve(step, -np.expm1(later[0] - later[1:]))


def risk_curves(told: PredictionColumns) -> RiskCurve:
    """The same of many at once, each from its own `as_of` on."""
    step = told.horizon / HOUR / CURVE_STEPS
    failed_by = told.failed_by.astype(np.float64)
    return RiskCurve(step, failed_by if failed_by.shape[1] else drawn(told.risk, told.lives / step))


def drawn(risk: Floats, lives: Floats) -> Floats:
    """Curves of predictions that tell none, a row each, two horizons long: the hazard is even between the ends and the
    middle of the interval, and in proportion to the risk. lives: per row its lower end, middle and upper end, in steps.
    """
    told = np.concatenate([np.zeros((len(lives), 1)), lives], axis=1)
    places = np.maximum.accumulate(told + SHORTEST * np.arange(told.shape[1]), axis=1)
    ends = np.arange(1.0, HORIZONS * CURVE_STEPS + 1)
    lengths = np.diff(places, axis=1)
    rates = np.diff(INTERVAL) / lengths
    lengths[:, -1] = np.inf
    hazard = np.zeros((len(lives), len(ends)))
    for part in range(lengths.shape[1]):
        reached = np.clip(ends - places[:, [part]], 0, lengths[:, [part]])
        hazard += rates[:, [part]] * reached
    wanted = -np.log1p(-np.minimum(risk, CERTAIN))
    failed_by: Floats = -np.expm1(-hazard * (wanted / hazard[:, CURVE_STEPS - 1])[:, None])
    return failed_by


def cumulative_hazard(failed_by: Floats) -> Floats:
    """At the beginning of each curve, which is a row, and at the end of each of its steps."""
    begin = np.zeros((len(failed_by), 1))
    return np.concatenate([begin, -np.log1p(-np.minimum(failed_by, CERTAIN))], axis=1)


def hazard_at(hazard: Floats, places: Floats) -> Floats:
    """Cumulative hazard of each row at its places, which are counted in steps; beyond the end it rises as before it."""
    before = np.minimum(places.astype(np.int64), hazard.shape[1] - 2)
    begin, end = (np.take_along_axis(hazard, place, 1) for place in (before, before + 1))
    return np.asarray(begin + (end - begin) * (places - before))


def _drawn_of(prediction: Prediction, step: float) -> Floats:
    lives = np.array([[prediction.rul_low / HOUR, prediction.rul / HOUR, prediction.rul_high / HOUR]])
    curve: Floats = drawn(np.array([prediction.risk]), lives / step)[0]
    return curve
