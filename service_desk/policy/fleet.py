"""A fleet's history as lives that policies can be replayed on, with what models told that had not seen the device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode
from models.errors import ArtifactError
from models.evaluation import hours
from models.features import History
from models.fitting import usable_processors
from models.held_out import TOLD
from models.lives import HOUR_MS, Integers, Lives, find_lives
from models.out_of_fold import Told, deal_folds, predict_out_of_fold
from models.prepared import Kin, prepare
from service_desk.policy.renewal import WatchedLives
from service_desk.policy.replay import Fleet


def watch(
    history: History, device_model: DeviceModel, mode: FailureMode, *, kin: Sequence[Kin] = (), seed: int = 0
) -> Fleet:
    """Cut the history into lives, and have each device told by models of the others (five folds by device).

    Raises what `models.prepared.prepare` raises.
    """
    prepared, own = prepare(history, device_model, mode, kin=kin, seed=seed), len(history.readings)
    fold = deal_folds(prepared.everything, seed)
    told = predict_out_of_fold(prepared.everything, fold, seed, processes=usable_processors()).first(own)
    return _fleet(prepared.lives, told, fold[:own], device_model, mode)


def recall(held_out: pd.DataFrame, events: pd.DataFrame, device_model: DeviceModel, mode: FailureMode) -> Fleet:
    """The same of what a model version had told in training (see `models.held_out`) and the events known by then.

    Raises ArtifactError when the version was trained before such predictions were kept.
    """
    if not {"fold", *TOLD} <= set(held_out.columns):
        raise ArtifactError(f"the version of {mode.name} keeps no hours left: train {device_model.name} again")
    lives = find_lives(held_out, events, device_model, mode)
    told = Told(*(held_out[name].to_numpy() for name in TOLD))
    return _fleet(lives, told, held_out["fold"].to_numpy().astype(np.int64), device_model, mode)


def _fleet(lives: Lives, told: Told, fold: Integers, device_model: DeviceModel, mode: FailureMode) -> Fleet:
    interval = hours(device_model.reading_interval)
    age = lives.age_ms / HOUR_MS + interval
    watched = WatchedLives(lives.of_row, age, (age + lives.left_ms / HOUR_MS)[lives.first_row], lives.failed, interval)
    return Fleet(device_model, mode, lives, watched, told, fold[lives.first_row])
