"""Trains one failure mode's model and measures it on devices that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from domain.device_model import DeviceModel, FailureMode
from models.calibration import Floats, calibrate_risk, fit_interval
from models.errors import TrainingError
from models.evaluation import alarm_metrics, cheapest_threshold, hours, trace_lives
from models.failure_model import FailureModel
from models.features import FeaturePlan, History, fit_features, window_name
from models.labels import label_lives
from models.lives import Lives, find_lives
from models.out_of_fold import Examples, fit, intervals_out_of_fold, predict_out_of_fold

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
    rul (truth, NaN when censored), risk, rul_predicted, rul_low, rul_high; risk is calibrated, life is in hours.
    """

    model: FailureModel
    data_from: datetime
    data_to: datetime
    row_count: int
    device_count: int
    held_out: pd.DataFrame


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
    examples = Examples(
        features.to_numpy(),
        pd.factorize(readings["device"])[0].astype(np.int64),
        labels["fails_within"].to_numpy(),
        _capped(labels, cap),
        cap,
        tuple(features.columns),
        tuple(window_name(trend) for trend in plan.trends),
    )
    _require_failures(examples, lives, device_model, mode)

    everything = _with_kin(examples, plan, kin, mode)
    risk, rul = (told[: len(readings)] for told in predict_out_of_fold(everything, seed))
    known, told = ~np.isnan(examples.fails_within), ~np.isnan(examples.rul)
    calibration = calibrate_risk(risk[known], examples.fails_within[known])
    risk = calibration.apply(risk)
    low, high = intervals_out_of_fold(examples, rul, cap, seed)
    traces = trace_lives(lives, risk)
    threshold = cheapest_threshold(traces, mode)
    held_out = labels.drop(columns="survived").assign(
        device=readings["device"], ts=readings["ts"], risk=risk, rul_predicted=rul, rul_low=low, rul_high=high
    )
    metrics: dict[str, Any] = {
        "devices": int(examples.devices.max()) + 1,
        "lives": len(traces),
        "failures": int(lives.failed.sum()),
        **_risk_metrics(risk[known], examples.fails_within[known]),
        **_rul_metrics(examples.rul[told], rul[told], low[told], high[told], cap),
        **alarm_metrics(traces, threshold, mode),
    }
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
        metrics=metrics,
        calibration=calibration,
        interval=fit_interval(rul[told], examples.rul[told], cap),
        condition=final.condition,
        risk_estimator=final.risk,
        rul_estimator=final.rul,
    )
    return TrainingOutcome(
        model,
        readings["ts"].min().to_pydatetime(),
        readings["ts"].max().to_pydatetime(),
        len(readings),
        metrics["devices"],
        held_out,
    )


def _with_kin(examples: Examples, plan: FeaturePlan, kin: Sequence[Kin], mode: FailureMode) -> Examples:
    """The examples and after them those of kin, labelled with the horizon and cap of `mode`."""
    for other in kin:
        readings = other.history.readings
        if readings.empty:
            continue
        labels = label_lives(
            find_lives(readings, other.history.events, other.device_model, other.mode), mode, readings.index
        )
        matrix = plan.build(other.history, other.device_model, other.mode)[list(examples.features)].to_numpy()
        devices = pd.factorize(readings["device"])[0] + examples.devices.max() + 1
        before = np.zeros(len(examples.devices), dtype=bool) if examples.kin is None else examples.kin
        examples = replace(
            examples,
            matrix=np.concatenate([examples.matrix, matrix]),
            devices=np.concatenate([examples.devices, devices]),
            fails_within=np.concatenate([examples.fails_within, labels["fails_within"].to_numpy()]),
            rul=np.concatenate([examples.rul, _capped(labels, examples.cap)]),
            kin=np.concatenate([before, np.ones(len(readings), dtype=bool)]),
        )
    return examples


def _capped(labels: pd.DataFrame, cap: float) -> Floats:
    capped: Floats = np.where(labels["survived"] >= cap, cap, labels["rul"].to_numpy())
    return capped


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


def _risk_metrics(risk: Floats, failed: Floats) -> dict[str, float]:
    return {
        "auc": float(roc_auc_score(failed, risk)),
        "average_precision": float(average_precision_score(failed, risk)),
        "brier": float(brier_score_loss(failed, risk)),
        "share_failing": float(failed.mean()),
    }


def _rul_metrics(truth: Floats, rul: Floats, low: Floats, high: Floats, cap: float) -> dict[str, float]:
    near = truth < cap
    squared = (rul - truth) ** 2
    return {
        "rul_rmse_hours": float(np.sqrt(squared[near].mean())),
        "rul_rmse_capped_hours": float(np.sqrt(squared.mean())),
        "rul_coverage": float(((low <= truth) & (truth <= high)).mean()),
        "rul_coverage_below_cap": float(((low <= truth) & (truth <= high))[near].mean()),
        "rul_width_hours": float((high - low)[near].mean()),
    }
