"""How much faster the feature plan is than pandas' groupby-rolling for the same columns, in one run."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode, Statistic
from models.features import History, fit_features, window_name

COMPARED = (Statistic.MEAN, Statistic.SPREAD, Statistic.MINIMUM, Statistic.MAXIMUM)
"""What pandas can compute without a Python function for each window."""


def feature_speed(history: History, device_model: DeviceModel, mode: FailureMode) -> dict[str, float]:
    """Seconds of both for the same columns (`plan`, `pandas`), their `ratio`, and how many `columns` were compared.

    The lives must be one a device, as in C-MAPSS. Raises AssertionError when the two do not agree.
    """
    settings = replace(device_model.features, statistics=COMPARED, trends=())
    plan = fit_features(history, replace(device_model, features=settings), mode)
    plan.build(history, device_model, mode)
    started = time.perf_counter()
    ours = plan.build(history, device_model, mode)
    built = time.perf_counter()
    theirs = _by_pandas(history.readings, [c.name for c in plan.channels if c.used], plan.windows)
    finished = time.perf_counter()
    for name, column in theirs.items():
        np.testing.assert_allclose(ours[name], column, rtol=1e-3, atol=1e-2, err_msg=str(name))
    seconds, reference = built - started, finished - built
    return {"plan": seconds, "pandas": reference, "ratio": reference / seconds, "columns": float(theirs.shape[1])}


def _by_pandas(readings: pd.DataFrame, channels: list[str], windows: tuple[timedelta, ...]) -> pd.DataFrame:
    columns = {}
    by_device = readings.set_index("ts").groupby("device", sort=False)[channels]
    for window in windows:
        rolling = by_device.rolling(window)
        for statistic, frame in (
            (Statistic.MEAN, rolling.mean()),
            (Statistic.SPREAD, rolling.std(ddof=0)),
            (Statistic.MINIMUM, rolling.min()),
            (Statistic.MAXIMUM, rolling.max()),
        ):
            for channel in channels:
                columns[f"{channel}.{statistic}_{window_name(window)}"] = frame[channel].to_numpy()
    return pd.DataFrame(columns)
