"""How quickly features are built, beside pandas' rolling windows for the same columns in the same run."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.figures import Figure, figure
from bench.models.data import turbofans
from models.features import fit_features

GOAL = 10.0
UNITS_FOR_PANDAS = 5
"""pandas calls Python for each slope; so many units give its time for each reading."""


def measure(folder: Path) -> list[Figure]:
    """The features of FD001, against the means, spreads and slopes among them by `groupby().rolling()`."""
    fleet = turbofans(folder, "FD001")
    [mode] = fleet.device_model.failure_modes
    plan = fit_features(fleet.training, fleet.device_model, mode)
    started = time.perf_counter()
    features = plan.build(fleet.training, fleet.device_model, mode)
    ours = time.perf_counter() - started
    readings = fleet.training.readings
    some = readings[readings["device"].isin(readings["device"].unique()[:UNITS_FOR_PANDAS])]
    channels = [name.removesuffix(".value") for name in features.columns if name.endswith(".value")]
    started = time.perf_counter()
    columns = sum(_by_pandas(some, channels, length) for length in plan.windows)
    beside = (time.perf_counter() - started) * len(readings) / len(some)
    return [
        figure(
            f"FD001: all {len(features.columns)} features, against pandas for {columns} of them",
            beside / ours, "times as fast", "pandas groupby-rolling", 1.0, f"at least {GOAL:g}",
            met=beside >= GOAL * ours,
        ),
        figure("FD001 features", ours, "s", "pandas groupby-rolling", beside, "-", met=True),
    ]  # fmt: skip


def _by_pandas(readings: pd.DataFrame, channels: list[str], window: timedelta) -> int:
    """How many columns came of it: mean, spread and slope of each channel."""
    rolling = readings.set_index("ts").groupby("device")[channels].rolling(window)
    return sum(frame.shape[1] for frame in (rolling.mean(), rolling.std(ddof=0), rolling.apply(_slope, raw=True)))


def _slope(values: NDArray[np.float64]) -> float:
    """Least squares over readings one apart."""
    ago = np.arange(len(values)) - (len(values) - 1) / 2
    spread = float(ago @ ago)
    return float(ago @ values) / spread if spread else np.nan
