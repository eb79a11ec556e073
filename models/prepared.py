"""What one failure mode's models learn from: a history cut into lives, labelled, with its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from domain.device import EventKind
from domain.device_model import DeviceModel, FailureMode
from domain.silent_channels import tell_silent
from models.censoring import weigh_known
from models.errors import TrainingError
from models.evaluation import hours
from models.features import FeaturePlan, History, fit_features, window_name
from models.labels import capped_life, label_lives
from models.lives import Lives, find_lives
from models.out_of_fold import Examples
from models.silent_channels import silent_channels

FEWEST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Kin:
    """Another device model of the family, and its failure mode that is alike."""

    history: History
    device_model: DeviceModel
    mode: FailureMode


@dataclass(frozen=True, slots=True)
class Prepared:
    """One row per reading of the history. features: only columns that vary. own: examples of these rows; everything:
    they and after them those of kin."""

    lives: Lives
    labels: pd.DataFrame
    plan: FeaturePlan
    features: pd.DataFrame
    own: Examples
    everything: Examples


def prepare(
    history: History, device_model: DeviceModel, mode: FailureMode, *, kin: Sequence[Kin] = (), seed: int = 0
) -> Prepared:
    """Raises TrainingError when there are no readings, no channel that varies and no events to learn from, fewer than
    five failures, or failures on one device only, and FrameError when the frames lack columns or order."""
    readings = history.readings
    if readings.empty:
        raise TrainingError(f"there are no readings of {device_model.name}: import history or wait for telemetry")
    lives = find_lives(readings, history.events, device_model, mode)
    labels = label_lives(lives, mode, readings.index)
    plan = fit_features(history, device_model, mode, kin=[other.history for other in kin], seed=seed)
    _require_something_to_learn(plan, readings, device_model, mode)
    features = plan.build(history, device_model, mode)
    features = features.loc[:, features.nunique() > 1]
    cap = hours(mode.rul_cap)
    weights = weigh_known(lives, cap)
    own = Examples(
        features.to_numpy(),
        pd.factorize(readings["device"])[0].astype(np.int64),
        labels["fails_within"].to_numpy(),
        np.where(weights > 0, capped_life(labels, cap), np.nan),
        cap,
        tuple(features.columns),
        tuple(window_name(trend) for trend in plan.trends),
        weights=weights,
    )
    _require_failures(own, lives, device_model, mode)
    return Prepared(lives, labels, plan, features, own, with_kin(own, plan, kin, mode))


def with_kin(examples: Examples, plan: FeaturePlan, kin: Sequence[Kin], mode: FailureMode) -> Examples:
    """The examples and after them those of kin, labelled with the horizon and cap of `mode`."""
    for other in kin:
        readings = other.history.readings
        if readings.empty:
            continue
        lives = find_lives(readings, other.history.events, other.device_model, other.mode)
        labels, weights = label_lives(lives, mode, readings.index), weigh_known(lives, examples.cap)
        matrix = plan.build(other.history, other.device_model, other.mode)[list(examples.features)].to_numpy()
        devices = pd.factorize(readings["device"])[0] + examples.devices.max() + 1
        before = np.zeros(len(examples.devices), dtype=bool) if examples.kin is None else examples.kin
        examples = replace(
            examples,
            matrix=np.concatenate([examples.matrix, matrix]),
            devices=np.concatenate([examples.devices, devices]),
            fails_within=np.concatenate([examples.fails_within, labels["fails_within"].to_numpy()]),
            rul=np.concatenate([examples.rul, np.where(weights > 0, capped_life(labels, examples.cap), np.nan)]),
            weights=np.concatenate([examples.all_weights, weights]),
            kin=np.concatenate([before, np.ones(len(readings), dtype=bool)]),
        )
    return examples


def _require_something_to_learn(
    plan: FeaturePlan, readings: pd.DataFrame, device_model: DeviceModel, mode: FailureMode
) -> None:
    """Age and repairs alone would be a calendar: it says nothing of the one device that is about to fail."""
    if any(channel.used for channel in plan.channels) or any(
        count.kind != EventKind.MAINTENANCE for count in plan.events
    ):
        return
    number = len(plan.channels)
    raise TrainingError(
        f"{mode.name} of {device_model.name}: nothing to learn from: all {number} channels are constant or empty "
        f"({tell_silent(silent_channels(readings, device_model))}). Check the names and units of what was imported"
    )


def _require_failures(examples: Examples, lives: Lives, device_model: DeviceModel, mode: FailureMode) -> None:
    what = f"{mode.name} of {device_model.name}"
    failed, survived = examples.fails_within == 1, examples.fails_within == 0
    failures = len(np.unique(lives.of_row[failed]))
    if failures < FEWEST_FAILURES:
        raise TrainingError(
            f"{what}: {failures} failures with readings within the horizon before them; {FEWEST_FAILURES} are needed. "
            "Import more history, or check event_codes and horizon in the catalog file"
        )
    for rows, told in ((failed, "failed"), (survived, "is known to have outlived the horizon")):
        if len(np.unique(examples.devices[rows])) < 2:
            raise TrainingError(
                f"{what}: fewer than two devices of which one {told}: models are measured on other devices"
            )
