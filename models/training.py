"""Trains one failure mode's model and measures it on devices that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode
from models.evaluation import cheapest_threshold
from models.failure_model import FailureModel
from models.features import History
from models.hazard_curve import learn_curve
from models.out_of_fold import deal_folds, fit_each, other_folds, tell_each
from models.prepared import Kin, prepare
from models.report import flat_figures, write_report
from models.splits import across_devices, calibrate


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """A model with its lineage.

    held_out: one row per reading, predicted by a model that had not seen its device: device, ts, life, fails_within,
    rul (truth, NaN when censored), risk, rul_predicted, rul_low, rul_high; risk is calibrated, by other devices as
    well; life is in hours; fold of its device, and as the models tell by themselves the raw risk, the remaining life
    predicted and the hours left. report: what was measured, see `models.report`.
    """

    model: FailureModel
    data_from: datetime
    data_to: datetime
    row_count: int
    device_count: int
    held_out: pd.DataFrame
    report: Mapping[str, Any]


def train(
    history: History,
    device_model: DeviceModel,
    mode: FailureMode,
    *,
    kin: Sequence[Kin] = (),
    seed: int = 0,
    processes: int = 1,
) -> TrainingOutcome:
    """Train on all devices; threshold, calibration, interval and metrics come from predictions out of fold by device.

    kin: what the family's other device models lived through; learnt from as well, and measured on by nobody.
    processes: how many may fit estimators at once; the outcome does not depend on it.

    Raises TrainingError when there are no readings, nothing in them varies, there are fewer than five failures, or
    failures on one device only, and FrameError when the frames lack columns or order.
    """
    prepared, readings = prepare(history, device_model, mode, kin=kin, seed=seed), history.readings
    lives, plan, features, examples = prepared.lives, prepared.plan, prepared.features, prepared.own
    fold = deal_folds(prepared.everything, seed)
    everyone = np.ones(len(fold), dtype=bool)
    *others, final = fit_each(prepared.everything, [*other_folds(fold), everyone], seed, processes=processes)
    told = tell_each(prepared.everything, fold, others).first(len(readings))
    judged = across_devices(examples, fold[: len(readings)], told.risk, told.rul, lives, mode)
    threshold = cheapest_threshold(judged.costs.sum(axis=1))
    look_back = max([*plan.windows, *plan.trends], default=timedelta())
    report = write_report(judged, examples, lives, mode, look_back, threshold, seed, processes)
    held_out = prepared.labels.drop(columns="survived").assign(
        device=readings["device"],
        ts=readings["ts"],
        risk=judged.risk,
        rul_predicted=judged.rul,
        rul_low=judged.low,
        rul_high=judged.high,
        fold=fold[: len(readings)],
        raw=told.risk,
        predicted=told.rul,
        left=told.left,
    )
    calibration, interval = calibrate(examples, told.risk, told.rul, np.ones(len(readings), dtype=bool))
    healthy = features[np.nan_to_num(examples.rul, nan=0) >= examples.cap]
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
        near_estimator=final.near,
        curve=learn_curve(lives, told, device_model, mode),
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
