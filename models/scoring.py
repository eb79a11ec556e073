"""Predictions for the latest reading of each device."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from domain.device_model import DeviceModel
from domain.prediction import Prediction
from models.errors import ArtifactError
from models.explanation import explain
from models.failure_model import FailureModel
from models.features import History
from models.features.channel_plan import plan_channels
from models.features.latest import LatestFeatures
from models.hazard_curve import LOOKS
from models.longer_look import tell_curves, watch_longer


def score(model: FailureModel, history: History, device_model: DeviceModel) -> list[Prediction]:
    """One prediction per device in the readings, as of its latest reading; none for empty readings.

    Of each device the readings need to hold only the first `baseline` of its current life (see
    `models.lives.current_life_starts`) and the longest window before its latest reading, and the events all of its
    failures and maintenance and that window of any other kind; more changes nothing but the risk curves of devices near
    a failure, which are told from `models.longer_look.further_look_back` more. Only
    predictions whose risk reaches the model's alarm threshold carry contributions. Raises ArtifactError when the
    catalog has changed since the training, FrameError when the readings lack a channel or their order.
    """
    return watch_longer(model, score_latest(model, LatestFeatures(history, device_model)), history, device_model)


def score_latest(model: FailureModel, latest: LatestFeatures) -> list[Prediction]:
    """`score` of the history that these are features of; several failure modes of it are scored in less time. Risk
    curves are of the latest reading alone: see `watch_longer`."""
    device_model, readings = latest.device_model, latest.history.readings
    require_fit(model, device_model)
    if readings.empty:
        return []
    current = latest.build(model.plan, device_model.failure_mode(model.failure_mode))
    devices = readings.loc[~readings["device"].duplicated(keep="last").to_numpy(), ["device", "ts"]]
    raw = model.raw_risk(current)
    risk, (predicted, left) = model.calibration.apply(raw), model.hours_left(current)
    rul, (low, high) = model.interval.tell(predicted), model.interval.apply(predicted)
    curves = tell_curves(model, device_model, np.column_stack([left] * len(LOOKS)), raw)
    alarming = np.flatnonzero(risk >= model.alarm_threshold)
    contributions = dict(zip(alarming.tolist(), explain(model, current.iloc[alarming], device_model), strict=True))
    return [
        Prediction(
            device=str(device),
            failure_mode=model.failure_mode,
            as_of=ts.to_pydatetime(),
            horizon=model.horizon,
            risk=float(risk[row]),
            rul=timedelta(hours=float(rul[row])),
            rul_low=timedelta(hours=float(low[row])),
            rul_high=timedelta(hours=float(high[row])),
            contributions=contributions.get(row, ()),
            failed_by=curves[row],
        )
        for row, (device, ts) in enumerate(zip(devices["device"], devices["ts"], strict=True))
    ]


def require_fit(model: FailureModel, device_model: DeviceModel) -> None:
    """Raises ArtifactError when the catalog has changed so that the model's answers no longer are what it asks for."""
    plan = model.plan
    if (plan.device_model, plan.settings) != (device_model.name, device_model.features):
        raise ArtifactError(
            f"the model of {model.failure_mode} was trained for {model.device_model} with other feature settings than "
            f"the catalog file of {device_model.name} has now: train it again"
        )
    declared = {channel.name: channel for channel in plan_channels(device_model)}
    for channel in plan.channels:
        now = declared.get(channel.name)
        if now is None or (now.kind, now.formula) != (channel.kind, channel.formula):
            raise ArtifactError(
                f"the model of {model.failure_mode} needs {channel.name}, which the catalog file of "
                f"{model.device_model} no longer has, or has changed: train it again"
            )
