"""Risk curves of devices near a failure, from what was told of them over their last steps: one reading's noise must not
decide when a visit is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from domain.device_model import DeviceModel, FailureMode
from domain.prediction import Prediction
from models.calibration import Floats
from models.evaluation import hours
from models.failure_model import FailureModel
from models.features import History
from models.hazard_curve import LOOKS, average_steps, curve_step
from models.lives import HOUR_MS, Integers, Lives, find_lives
from models.near_failure import SEEN

Curves = Sequence[tuple[float, ...]]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tell_curves(model: FailureModel, device_model: DeviceModel, looks: Floats, raw: Floats) -> Curves:
    """Per row `Prediction.failed_by`; empty for a model without a curve. looks, raw: see `HazardCurve.hazard`."""
    if model.curve is None:
        return [()] * len(raw)
    notice = hours(device_model.failure_mode(model.failure_mode).lead_time)
    risk = model.calibration.apply(raw)
    curves = model.curve.failed_by(looks, raw, risk, horizon=hours(model.horizon), notice=notice)
    return [tuple(curve.tolist()) for curve in curves]


def near_failure(model: FailureModel, predictions: Sequence[Prediction]) -> list[str]:
    """Devices of which more than the latest reading is to be looked at."""
    limit = SEEN * model.rul_cap
    return [prediction.device for prediction in predictions if model.curve and prediction.rul < limit]


def further_look_back(device_model: DeviceModel, mode: FailureMode) -> timedelta:
    """How far before its latest reading other readings of a device near a failure are looked at."""
    return LOOKS[-1] * curve_step(device_model, mode)


def watch_longer(
    model: FailureModel, predictions: Sequence[Prediction], history: History, device_model: DeviceModel
) -> list[Prediction]:
    """The predictions with the curves of devices near a failure told anew, as far as `history` holds these devices.

    It needs to hold of each of them the look-back of `score` and `further_look_back` more.
    """
    mode = device_model.failure_mode(model.failure_mode)
    suspects = set(near_failure(model, predictions))
    some = history.readings["device"].isin(suspects).to_numpy()
    if not some.any():
        return list(predictions)
    known = replace(history, readings=history.readings[some])
    lives, step = find_lives(known.readings, known.events, device_model, mode), curve_step(device_model, mode)
    as_of = {
        one.device: (one.as_of - EPOCH) // timedelta(milliseconds=1) for one in predictions if one.device in suspects
    }
    rows = [_steps_before(lives, number, as_of[str(name)], step) for number, name in enumerate(lives.names)]
    asked = np.concatenate(rows)
    plan = model.plan
    matrix = np.full((len(plan.columns), len(asked)), np.nan, dtype=np.float32)
    plan.fill_channels(matrix, known.readings, lives, asked)
    plan.fill_devices(matrix, known, device_model, lives, asked)
    features = plan.frame(matrix, known.readings.index[asked])
    rul, left = model.hours_left(features)
    age = lives.age_ms[asked] / HOUR_MS
    looks = average_steps(lives.of_row[asked], age, left, rul < SEEN * model.interval.cap, hours(step))
    latest = np.cumsum([len(of_device) for of_device in rows]) - 1
    curves = tell_curves(model, device_model, looks[latest], model.raw_risk(features.iloc[latest]))
    told = dict(zip((str(name) for name in lives.names), curves, strict=True))
    return [replace(one, failed_by=told.get(one.device, one.failed_by)) for one in predictions]


def _steps_before(lives: Lives, device: int, as_of: int, step: timedelta) -> Integers:
    """The latest reading of the device as of then, and the latest one at the end of each step before it in its life."""
    start, end = np.searchsorted(lives.device, [device, device + 1])
    last = start + np.searchsorted(lives.ts[start:end], as_of, side="right") - 1
    first = lives.first_row[lives.of_row[last]]
    back = (np.arange(LOOKS[-1]) * (step / timedelta(milliseconds=1))).astype(np.int64)
    rows = first + np.searchsorted(lives.ts[first : last + 1], lives.ts[last] - back, side="right") - 1
    asked: Integers = np.unique(rows[rows >= first])
    return asked
