"""How much faster the feature plan is than pandas' groupby-rolling for the same columns, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode, Statistic
from models.features import FeaturePlan, History, fit_features, window_name

COMPARED = (Statistic.MEAN, Statistic.SPREAD, Statistic.MINIMUM, Statistic.MAXIMUM)
"""What pandas has a method for."""
WITH_SLOPE = (Statistic.MEAN, Statistic.SLOPE, Statistic.SPREAD)
"""The plan's defaults. pandas has no rolling slope: it is given the quickest way there, the rolling means of value,
time, their product and the time's square, all channels at once."""
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class FeatureSpeed:
    """Seconds of one processor for the same columns."""

    plan: float
    pandas: float
    columns: int

    @property
    def ratio(self) -> float:
        """How many times as fast the plan is."""
        return self.pandas / self.plan


def feature_speed(
    history: History, device_model: DeviceModel, mode: FailureMode, statistics: Sequence[Statistic] = COMPARED
) -> FeatureSpeed:
    """The least of `ROUNDS` rounds of both, taken in turn, each in one thread. `columns`: how many were compared; the
    plan builds a few more.

    The lives must be one a device, as in C-MAPSS. Raises AssertionError when the two do not agree.
    """
    settings = replace(device_model.features, statistics=tuple(statistics), trends=())
    plan = fit_features(history, replace(device_model, features=settings), mode)
    readings = history.readings
    ours, theirs = plan.build(history, device_model, mode), _by_pandas(readings, plan)
    for name, column in theirs.items():
        np.testing.assert_allclose(ours[name], column, rtol=1e-3, atol=1e-2, err_msg=str(name))
    rounds = [
        (_seconds(lambda: plan.build(history, device_model, mode)), _seconds(lambda: _by_pandas(readings, plan)))
        for _ in range(ROUNDS)
    ]
    return FeatureSpeed(min(ours for ours, _ in rounds), min(theirs for _, theirs in rounds), theirs.shape[1])


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _by_pandas(readings: pd.DataFrame, plan: FeaturePlan) -> pd.DataFrame:
    channels = [channel.name for channel in plan.channels if channel.used]
    grouped = readings.set_index("ts").groupby("device", sort=False)[channels]
    columns = {}
    for window in plan.windows:
        rolling = grouped.rolling(window)
        computed: Mapping[Statistic, Callable[[], pd.DataFrame]] = {
            Statistic.MEAN: rolling.mean,
            Statistic.SLOPE: partial(_slopes, readings, channels, window),
            Statistic.SPREAD: partial(rolling.std, ddof=0),
            Statistic.MINIMUM: rolling.min,
            Statistic.MAXIMUM: rolling.max,
        }
        for statistic in plan.settings.statistics:
            frame = computed[statistic]()
            for channel in channels:
                columns[f"{channel}.{statistic}_{window_name(window)}"] = frame[channel].to_numpy()
    return pd.DataFrame(columns)


def _slopes(readings: pd.DataFrame, channels: list[str], window: timedelta) -> pd.DataFrame:
    hours = (readings["ts"] - readings.groupby("device", sort=False)["ts"].transform("first")) / timedelta(hours=1)
    products = readings[channels].mul(hours, axis=0).add_prefix("product of ")
    told = pd.concat([readings[["device", "ts", *channels]], products], axis=1).assign(hours=hours, square=hours**2)
    means = told.set_index("ts").groupby("device", sort=False).rolling(window).mean()
    spread = means["square"] - means["hours"] ** 2
    covariance = means[list(products)].set_axis(channels, axis=1) - means[channels].mul(means["hours"], axis=0)
    seen = told.set_index("ts").groupby("device", sort=False)["hours"].rolling(window).count()
    return covariance.div(spread.where(seen >= 3), axis=0)
