"""A feature plan: what is computed of a fleet's history; fitted once in training and used again in scoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import ChannelKind, DeviceModel, FailureMode, FeatureSettings
from models.features.ages import AttributePlan, attribute_columns, component_hours, installed_hours
from models.features.channel_plan import ChannelPlan, channel_values, require_channels, settings_of
from models.features.counters import counter
from models.features.gauges import gauges
from models.features.history import History
from models.features.names import AGE, COMPONENT, INSTALLED
from models.features.occurrences import EventCount, count_events
from models.features.place import Place
from models.features.regimes import Regimes
from models.features.stretches import Floats
from models.lives import HOUR_MS, Integers, Lives, find_lives

Matrix = NDArray[np.float32]
ROWS_AT_ONCE = 200_000
"""Of whole devices: bounds the memory beside the answer itself."""
CELLS_AT_ONCE = 100_000
"""Rows times channels: what the sums are made of fits into a processor's cache."""


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """What the features of one failure mode are, with everything that had to be learnt for them.

    settings: the catalog's at the time of fitting. windows: those of them that ever held two readings, from the
    shortest; trends likewise. columns: the features' names in order.
    """

    device_model: str
    failure_mode: str
    settings: FeatureSettings
    windows: Sequence[timedelta]
    channels: Sequence[ChannelPlan]
    regimes: Regimes
    events: Sequence[EventCount]
    components: Sequence[str]
    installed: bool
    attributes: Sequence[AttributePlan]
    columns: Sequence[str] = ()
    trends: Sequence[timedelta] = ()

    def build(
        self, history: History, device_model: DeviceModel, mode: FailureMode, *, latest_only: bool = False
    ) -> pd.DataFrame:
        """One row of float32 features per reading, with the readings' index; or of each device's latest reading only.

        Nothing reaches back past the start of the life or forward past the reading itself; only ages of components
        and of the device are known from before the life. Of the readings before the latest, only the life's first
        `baseline` and the longest window matter. NaN where nothing is known. `docs/catalog.md` tells what each column
        means.

        `device_model` may be another one of the family, with its `mode`: what it does not measure is NaN.
        Raises FrameError when a channel's column is missing or the readings are not sorted.
        """
        readings = history.readings
        require_channels(readings, device_model)
        lives = find_lives(readings, history.events, device_model, mode)
        asked = latest_rows(lives.device) if latest_only else np.arange(len(readings))
        matrix = np.full((len(self.columns), len(asked)), np.nan, dtype=np.float32)
        self.fill_channels(matrix, readings, lives, asked)
        self.fill_devices(matrix, history, device_model, lives, asked)
        return self.frame(matrix, readings.index[asked])

    def fill_channels(self, matrix: Matrix, readings: pd.DataFrame, lives: Lives, asked: Integers) -> None:
        """Put the channels' features of the asked rows into their lines of the matrix, columns by asked rows."""
        place_of = {name: number for number, name in enumerate(self.columns)}
        with np.errstate(over="ignore"):
            for rows in _whole_devices(lives.device):
                here = slice(*np.searchsorted(asked, [rows.start, rows.stop]))
                part, within = readings.iloc[rows], asked[here] - rows.start
                for name, column in self.of_channels(part, lives.part(rows), within):
                    matrix[place_of[name], here] = column

    def fill_devices(
        self, matrix: Matrix, history: History, device_model: DeviceModel, lives: Lives, asked: Integers
    ) -> None:
        """Put all the other features of the asked rows into their lines, likewise."""
        place_of = {name: number for number, name in enumerate(self.columns)}
        with np.errstate(over="ignore"):
            for name, column in self.of_devices(history, device_model, lives, asked):
                matrix[place_of[name]] = column

    def frame(self, matrix: Matrix, index: pd.Index) -> pd.DataFrame:
        """The features by name; NaN for what float32 is too small for."""
        too_large = np.isinf(matrix)
        if too_large.any():
            matrix[too_large] = np.nan
        return pd.DataFrame(matrix.T, index, list(self.columns), copy=False)

    def reads_channels_like(self, other: FeaturePlan) -> bool:
        """Whether both make the same of a channel within the same life."""
        return (self.settings, self.windows, self.trends, self.channels, self.regimes) == (
            other.settings, other.windows, other.trends, other.channels, other.regimes
        )  # fmt: skip

    def of_channels(self, readings: pd.DataFrame, lives: Lives, asked: Integers) -> Iterator[tuple[str, Floats]]:
        """Name and values of each channel's features in the asked rows of the readings."""
        place = Place.of(lives, asked, self.windows, self.settings.baseline, self.trends)
        regime = self.regimes.of(settings_of(self.regimes, self.channels, readings))
        waiting: dict[bool, list[tuple[str, Floats]]] = {True: [], False: []}
        for channel, (name, value) in zip(self.channels, channel_values(self.channels, readings), strict=True):
            if not channel.used:
                continue
            if channel.kind is ChannelKind.COUNTER:
                yield from ((f"{name}.{told}", column) for told, column in counter(value, place))
                continue
            adjusted = channel.level.adjust(value, regime)
            alike = waiting[bool(np.isnan(adjusted).any())]
            alike.append((name, adjusted))
            if (len(alike) + 1) * len(readings) > CELLS_AT_ONCE:
                yield from self._of_gauges(alike, place)
                alike.clear()
        for alike in waiting.values():
            yield from self._of_gauges(alike, place)

    def _of_gauges(self, channels: Sequence[tuple[str, Floats]], place: Place) -> Iterator[tuple[str, Floats]]:
        if not channels:
            return
        names, values = zip(*channels, strict=True)
        for told, lines in gauges(np.stack(values), place, self.settings.statistics):
            yield from ((f"{name}.{told}", line) for name, line in zip(names, lines, strict=True))

    def of_devices(
        self, history: History, device_model: DeviceModel, lives: Lives, asked: Integers
    ) -> Iterator[tuple[str, Floats]]:
        """Name and values of the features that are told by anything but channels, in the asked rows of the readings."""
        yield AGE, lives.age_ms[asked] / HOUR_MS
        yield from count_events(history.events, self.events, lives, asked, self.windows)
        for name in self.components:
            hours = component_hours(history.components, history.events, device_model, name, lives, asked)
            yield f"{COMPONENT}{name}.age", hours
        if self.installed:
            yield f"{INSTALLED}.age", installed_hours(history.devices, lives, asked)
        for attribute in self.attributes:
            yield from attribute_columns(history.devices, attribute, lives, asked).items()


def latest_rows(device: Integers) -> Integers:
    """The last row of each device; `device`: of every row, in order."""
    return np.flatnonzero(np.append(device[1:] != device[:-1], [True] * (len(device) > 0)))


def _whole_devices(device: Integers) -> Iterator[slice]:
    """Stretches of rows of about `ROWS_AT_ONCE`, none of which ends within a device."""
    ends, start = np.append(np.flatnonzero(np.diff(device)) + 1, len(device)), 0
    while start < len(device):
        following = np.searchsorted(ends, start, side="right")
        as_many = np.searchsorted(ends, start + ROWS_AT_ONCE, side="right") - 1
        stop = int(ends[max(following, as_many)])
        yield slice(start, stop)
        start = stop
