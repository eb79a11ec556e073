"""A fleet's history as lives that policies can be replayed on, with what models told that had not seen the device."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode
from models.errors import TrainingError
from models.evaluation import hours
from models.features import History, fit_features, window_name
from models.labels import capped_life, label_lives
from models.lives import HOUR_MS, find_lives
from models.near_failure import join_lives, predict_near_failure
from models.out_of_fold import Examples, deal_folds, predict_out_of_fold
from models.training import FEWEST_FAILURES, Kin, _with_kin
from service_desk.policy.renewal import Floats, WatchedLives
from service_desk.policy.replay import Told

LOOKS = (3, 15)
"""Steps over which what was told is averaged: one reading's noise must not decide."""
STEPS_IN_HORIZON = 36


def watch(
    history: History, device_model: DeviceModel, mode: FailureMode, *, kin: Sequence[Kin] = (), seed: int = 0
) -> tuple[WatchedLives, Told]:
    """Cut the history into lives, and have each device told by models of the others (five folds by device).

    Raises TrainingError when there are no readings, or fewer failures than training needs.
    """
    readings = history.readings
    if readings.empty:
        raise TrainingError(f"there are no readings of {device_model.name}: import history or wait for telemetry")
    lives = find_lives(readings, history.events, device_model, mode)
    if lives.failed.sum() < FEWEST_FAILURES:
        raise TrainingError(
            f"{mode.name} of {device_model.name}: {lives.failed.sum()} failures, and {FEWEST_FAILURES} are needed"
        )
    labels, cap = label_lives(lives, mode, readings.index), hours(mode.rul_cap)
    plan = fit_features(history, device_model, mode, kin=[other.history for other in kin], seed=seed)
    features = plan.build(history, device_model, mode)
    features = features.loc[:, features.nunique() > 1]
    examples = Examples(
        matrix=features.to_numpy(),
        devices=pd.factorize(readings["device"])[0].astype(np.int64),
        fails_within=labels["fails_within"].to_numpy(),
        rul=capped_life(labels, cap),
        cap=cap,
        features=tuple(features.columns),
        trends=tuple(window_name(trend) for trend in plan.trends),
    )
    everything, own = _with_kin(examples, plan, kin, mode), len(readings)
    fold = deal_folds(everything, seed)
    risk, rul = (told[:own] for told in predict_out_of_fold(everything, fold, seed))
    left = join_lives(rul, predict_near_failure(everything, fold, seed)[:own], cap)
    interval = hours(device_model.reading_interval)
    age = lives.age_ms / HOUR_MS + interval
    watched = WatchedLives(lives.of_row, age, (age + lives.left_ms / HOUR_MS)[lives.first_row], lives.failed, interval)
    looks = [look_back(watched, left, look * hours(step(device_model, mode))) for look in LOOKS]
    return watched, Told(rul, np.column_stack(looks), risk, fold[:own][lives.first_row])


def step(device_model: DeviceModel, mode: FailureMode) -> timedelta:
    """The time for which a hazard is told: a part of the horizon, at least the time between readings."""
    return max(device_model.reading_interval, mode.horizon / STEPS_IN_HORIZON)


def look_back(lives: WatchedLives, values: Floats, length: float) -> Floats:
    """Per reading the mean of the values of its life over that many hours before it, itself included."""
    place = lives.age + lives.of_row * (lives.length.max() + 2 * length)
    first = np.searchsorted(place, place - length, side="right")
    sums = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(len(values)) + 1
    means: Floats = (sums[last] - sums[first]) / (last - first)
    return means
