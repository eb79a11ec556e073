"""Trains one failure mode's model and measures it on devices that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode
from models.censoring import weigh_known
from models.errors import TrainingError
from models.evaluation import cheapest_threshold, hours
from models.failure_model import FailureModel
from models.features import FeaturePlan, History, fit_features, window_name
from models.labels import capped_life, label_lives
from models.lives import Lives, find_lives
from models.out_of_fold import Examples, deal_folds, fit, predict_out_of_fold
from models.report import flat_figures, write_report
from models.splits import across_devices, calibrate

FEWEST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Kin:
    """Another device model of the family, and its failure mode that is alike."""

    history: History
    device_model: DeviceModel
    mode: FailureMode


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """A model with its lineage.

    held_out: one row per reading, predicted by a model that had not seen its device: device, ts, life, fails_within,
    rul (truth, NaN when censored), risk, rul_predicted, rul_low, rul_high; risk is calibrated, by other devices as
    well; life is in hours. report: what was measured, see `models.report`.
    """

    model: FailureModel
    data_from: datetime
    data_to: datetime
    row_count: int
    device_count: int
    held_out: pd.DataFrame
    report: Mapping[str, Any]


def train(
    history: History, device_model: DeviceModel, mode: FailureMode, *, kin: Sequence[Kin] = (), seed: int = 0
) -> TrainingOutcome:
    """Train on all devices; threshold, calibration, interval and metrics come from predictions out of fold by device.

    kin: what the family's other device models lived through; learnt from as well, and measured on by nobody.

    Raises TrainingError when there are no readings, fewer than five failures, or failures on one device only, and
    FrameError when the frames lack columns or order.
    """
    readings = history.readings
    if readings.empty:
        raise TrainingError(f"there are no readings of {device_model.name}: import history or wait for telemetry")
    lives = find_lives(readings, history.events, device_model, mode)
    labels = label_lives(lives, mode, readings.index)
    plan = fit_features(history, device_model, mode, kin=[other.history for other in kin], seed=seed)
    features = plan.build(history, device_model, mode)
    features = features.loc[:, features.nunique() > 1]
    cap = hours(mode.rul_cap)
    weights = weigh_known(lives, cap)
    examples = Examples(
        features.to_numpy(),
        pd.factorize(readings["device"])[0].astype(np.int64),
        labels["fails_within"].to_numpy(),
        np.where(weights > 0, capped_life(labels, cap), np.nan),
        cap,
        tuple(features.columns),
        tuple(window_name(trend) for trend in plan.trends),
        weights=weights,
    )
    _require_failures(examples, lives, device_model, mode)

    everything = _with_kin(examples, plan, kin, mode)
    fold = deal_folds(everything, seed)
    raw, rul = (told[: len(readings)] for told in predict_out_of_fold(everything, fold, seed))
    judged = across_devices(examples, fold[: len(readings)], raw, rul, lives, mode)
    threshold = cheapest_threshold(judged.costs.sum(axis=1))
    look_back = max([*plan.windows, *plan.trends], default=timedelta())
    report = write_report(judged, examples, lives, mode, look_back, threshold, seed)
    held_out = labels.drop(columns="survived").assign(
        device=readings["device"],
        ts=readings["ts"],
        risk=judged.risk,
        rul_predicted=judged.rul,
        rul_low=judged.low,
        rul_high=judged.high,
    )
    calibration, interval = calibrate(examples, raw, rul, np.ones(len(rul), dtype=bool))
    final = fit(everything, np.ones(len(everything.rul), dtype=bool), seed)
    healthy = features[np.nan_to_num(examples.rul, nan=0) >= cap]
    model = FailureModel(
        device_model=device_model.name,
        failure_mode=mode.name,
        horizon=mode.horizon,
        rul_cap=mode.rul_cap,
        plan=plan,
        features=tuple(features.columns),
        healthy=dict(healthy.median().fillna(features.median()).astype(float)),
        alarm_threshold=threshold,
        metrics=flat_figures(report),
        calibration=calibration,
        interval=interval,
        condition=final.condition,
        risk_estimator=final.risk,
        rul_estimator=final.rul,
    )
    return TrainingOutcome(
        model,
        readings["ts"].min().to_pydatetime(),
        readings["ts"].max().to_pydatetime(),
        len(readings),
        len(lives.names),
        held_out,
        report,
    )


def _with_kin(examples: Examples, plan: FeaturePlan, kin: Sequence[Kin], mode: FailureMode) -> Examples:
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
