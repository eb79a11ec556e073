"""Features of every reading from what its device had shown by then: values, windowed means and slopes, drift, age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import Channel, ChannelKind, DeviceModel, FailureMode
from models.errors import FrameError
from models.lives import HOUR_MS, Integers, Lives, find_lives

Floats = NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)
AGE = "age"
TICKS = 2**20
"""A window is so many ticks long: whole numbers keep the sums of squared times exact, however long the history."""

LARGEST = 1e12
"""Where a channel has no bounds, a value beyond this is a fault of transmission: running sums would lose all else."""


def build_features(
    readings: pd.DataFrame, events: pd.DataFrame, device_model: DeviceModel, mode: FailureMode
) -> pd.DataFrame:
    """One row of float32 features per reading, with the readings' index; NaN where nothing is known yet.

    For each channel that is not a setting: `<channel>.value`; `.mean_<window>` and `.slope_<window>` (least squares,
    in the channel's unit per hour) over (t - window, t]; `.change`, the mean of the longest window minus the mean of
    the first `baseline` of the life, or of as much of it as has been seen. And `age`: hours since the first reading
    of the life. Values beyond the channel's bounds count as missing.

    Nothing reaches back past the start of the life or forward past the reading itself, so that of the readings before
    the latest only the life's first `baseline` and the longest window matter.

    Raises FrameError when a channel's column is missing or the readings are not sorted.
    """
    channels = measured_channels(device_model)
    require_channels(readings, channels)
    lives = find_lives(readings, events, device_model, mode)
    windows = [_Window.cut(lives, length) for length in sorted(device_model.features.windows)]
    baseline_end = _baseline_end(lives, device_model.features.baseline)
    columns: dict[str, NDArray[np.float32]] = {}
    for channel in channels:
        sums = _Sums.over(_plausible(readings[channel.name].to_numpy(dtype=np.float64), channel), lives)
        columns[f"{channel.name}.value"] = sums.value.astype(np.float32)
        means = [sums.mean(window.start, sums.row_end) for window in windows]
        for window, mean in zip(windows, means, strict=True):
            columns[f"{channel.name}.mean_{window.name}"] = (mean + sums.offset).astype(np.float32)
            columns[f"{channel.name}.slope_{window.name}"] = sums.slope(window).astype(np.float32)
        start = sums.mean(lives.first_row[lives.of_row], baseline_end)
        columns[f"{channel.name}.change"] = (means[-1] - start).astype(np.float32)
    columns[AGE] = (lives.age_ms / HOUR_MS).astype(np.float32)
    return pd.DataFrame(columns, index=readings.index)


def measured_channels(device_model: DeviceModel) -> list[Channel]:
    """The channels that tell the device's health; settings are chosen by its user."""
    return [channel for channel in device_model.channels if channel.kind is not ChannelKind.SETTING]


def require_channels(readings: pd.DataFrame, channels: Sequence[Channel]) -> None:
    """Raises FrameError naming the first channel that the readings lack."""
    for channel in channels:
        if channel.name not in readings.columns:
            raise FrameError(f"readings lack the column {channel.name}: import it, or take it out of the catalog file")


def channel_of(feature: str) -> str:
    """The channel that a feature tells of, or `age`."""
    return feature.partition(".")[0]


def window_name(length: timedelta) -> str:
    """The length in its largest whole unit, as it stands in a feature's name: 15h, 7d, 90s."""
    seconds = length.total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


@dataclass(frozen=True, slots=True)
class _Window:
    """Per row the first row inside the window, and its instant in ticks since the start of the life."""

    name: str
    hours: float
    start: Integers
    ticks: Integers

    @classmethod
    def cut(cls, lives: Lives, length: timedelta) -> _Window:
        length_ms = length // timedelta(milliseconds=1)
        age = lives.age_ms
        # Lives lie on one axis with gaps longer than any window, so that one search serves all devices at once.
        axis = lives.of_row * (int(age.max(initial=0)) + length_ms + 1) + age
        start = np.searchsorted(axis, axis - length_ms, side="right")
        return cls(window_name(length), length_ms / HOUR_MS, start, age * TICKS // length_ms)


def _baseline_end(lives: Lives, baseline: timedelta) -> Integers:
    """Per row one past the last row of its life's baseline that has been seen by then."""
    inside = lives.age_ms < max(baseline // timedelta(milliseconds=1), 1)
    length = np.bincount(lives.of_row[inside], minlength=len(lives.first_row))
    full = (lives.first_row + length)[lives.of_row]
    seen = np.arange(1, len(full) + 1)
    end: Integers = np.minimum(full, seen)
    return end


@dataclass(frozen=True, slots=True)
class _Sums:
    """One channel's running sums over all rows, so that the sum over any stretch is one subtraction. Values are kept
    as differences from the life's first one, which keeps the sums small and therefore exact enough.
    """

    value: Floats
    offset: Floats
    valid: NDArray[np.bool_]
    difference: Floats
    row_end: Integers
    count: Integers
    total: Floats

    @classmethod
    def over(cls, value: Floats, lives: Lives) -> _Sums:
        valid = ~np.isnan(value)
        offset = _first_of_life(value, valid, lives)
        difference = np.where(valid, value - offset, 0.0)
        return cls(
            value, offset, valid, difference, np.arange(1, len(value) + 1), _running(valid.astype(np.int64)),
            _running(difference),
        )  # fmt: skip

    def mean(self, start: Integers, end: Integers) -> Floats:
        """Mean difference over the rows [start, end); NaN where there is no value."""
        count = self.count[end] - self.count[start]
        total = self.total[end] - self.total[start]
        mean: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        return mean

    def slope(self, window: _Window) -> Floats:
        """Least-squares slope per hour within the window; NaN for fewer than three values."""
        start, end, now = window.start, self.row_end, window.ticks
        ticks = np.where(self.valid, now, 0)
        times, squares = _running(ticks), _running(ticks * ticks)
        products = _running(self.difference * ticks)
        count = self.count[end] - self.count[start]
        time = times[end] - times[start]
        # Squared times may wrap round in 64 bits; their sum relative to the present row fits, so it comes out exact.
        square = (squares[end] - squares[start] - 2 * now * time + count * now * now).astype(np.float64)
        total = self.total[end] - self.total[start]
        product = products[end] - products[start] - now * total
        time_to_now = (time - count * now).astype(np.float64)
        spread = count * square - time_to_now**2
        slope: Floats = np.divide(
            count * product - time_to_now * total,
            spread,
            out=np.full(len(total), np.nan),
            where=(count >= 3) & (spread > 0),
        )
        slope *= TICKS / window.hours
        return slope


def _plausible(values: Floats, channel: Channel) -> Floats:
    low = -LARGEST if channel.low is None else channel.low
    high = LARGEST if channel.high is None else channel.high
    return np.where((values >= low) & (values <= high), values, np.nan)


def _first_of_life(value: Floats, valid: NDArray[np.bool_], lives: Lives) -> Floats:
    rows = np.flatnonzero(valid)
    if not len(rows):
        return np.full(len(value), np.nan)
    first = rows[np.minimum(np.searchsorted(rows, lives.first_row), len(rows) - 1)]
    return np.where(lives.of_row[first] == np.arange(len(first)), value[first], np.nan)[lives.of_row]


def _running(values: NDArray[Number]) -> NDArray[Number]:
    """Element n is the sum of the first n values."""
    return np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
