"""Predictions for the latest reading of each device."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel
from domain.prediction import Prediction
from models.errors import ArtifactError
from models.explanation import explain
from models.failure_model import FailureModel
from models.features import build_features


def score(
    model: FailureModel, readings: pd.DataFrame, events: pd.DataFrame, device_model: DeviceModel
) -> list[Prediction]:
    """One prediction per device in `readings`, as of its latest reading; none for empty readings.

    Of each device `readings` needs to hold only the first `baseline` of its current life (see
    `models.lives.current_life_starts`) and the longest window before its latest reading; more changes nothing. Only
    predictions whose risk reaches the model's alarm threshold carry contributions. Raises ArtifactError when the
    catalog has changed since the training, FrameError when the readings lack a channel or their order.
    """
    require_fit(model, device_model)
    if readings.empty:
        return []
    features = build_features(readings, events, device_model, device_model.failure_mode(model.failure_mode))
    _require_columns(model, features)
    latest = ~readings["device"].duplicated(keep="last").to_numpy()
    current, devices = features[latest], readings.loc[latest, ["device", "ts"]]
    risk = model.risk(current)
    rul, low, high = model.remaining_life(current)
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
        )
        for row, (device, ts) in enumerate(zip(devices["device"], devices["ts"], strict=True))
    ]


def require_fit(model: FailureModel, device_model: DeviceModel) -> None:
    """Raises ArtifactError when the catalog has changed so that the model's answers are no longer what it asks for."""
    trained = (model.device_model, sorted(model.windows), model.baseline)
    if trained != (device_model.name, sorted(device_model.features.windows), device_model.features.baseline):
        raise ArtifactError(
            f"the model of {model.failure_mode} was trained for {model.device_model} with other feature windows than "
            f"the catalog file of {device_model.name} has now: train it again"
        )


def _require_columns(model: FailureModel, features: pd.DataFrame) -> None:
    for name in model.features:
        if name not in features.columns:
            raise ArtifactError(
                f"the model of {model.failure_mode} needs {name}, whose channel the catalog file of "
                f"{model.device_model} no longer has: train it again"
            )
