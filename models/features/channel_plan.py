"""Which channels are read, how their values are made comparable, and which of them give features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from domain.device_model import Channel, ChannelKind, DerivedChannel, DeviceModel
from domain.formula import Formula
from models.errors import FrameError
from models.features.formulas import evaluate
from models.features.levels import UNSHIFTED, Level, fit_level, plausible
from models.features.regimes import Regimes
from models.features.stretches import Floats


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """A channel, measured or derived. low, high: values beyond are missing. level: how operating regimes shift it.
    used: it gives features; a setting does not, nor does what never varied in training."""

    name: str
    kind: ChannelKind
    low: float | None = None
    high: float | None = None
    formula: Formula | None = None
    level: Level = UNSHIFTED
    used: bool = True


def plan_channels(device_model: DeviceModel) -> list[ChannelPlan]:
    """The device model's channels and then its derived ones, in the catalog's order; nothing is fitted yet."""
    return [
        *(_measured(channel) for channel in device_model.channels),
        *(_derived(channel) for channel in device_model.derived),
    ]


def _measured(channel: Channel) -> ChannelPlan:
    used = channel.kind is not ChannelKind.SETTING
    return ChannelPlan(channel.name, channel.kind, channel.low, channel.high, used=used)


def _derived(channel: DerivedChannel) -> ChannelPlan:
    return ChannelPlan(channel.name, ChannelKind.GAUGE, formula=channel.formula)


def fit_channels(
    channels: Sequence[ChannelPlan], fleets: Sequence[pd.DataFrame], regimes: Regimes
) -> list[ChannelPlan]:
    """The channels with their levels in each regime, learnt from all the fleets' readings; of those that never vary in
    the first fleet none is used."""
    values = [dict(channel_values(channels, readings)) for readings in fleets]
    regime = np.concatenate([regimes.of(settings_of(regimes, channels, readings)) for readings in fleets])
    fitted = []
    for channel in channels:
        used = channel.used and _varies(values[0][channel.name])
        if used and channel.kind is ChannelKind.GAUGE:
            everywhere = np.concatenate([of_fleet[channel.name] for of_fleet in values])
            channel = replace(channel, level=fit_level(everywhere, regime, regimes))
        fitted.append(replace(channel, used=used))
    return fitted


def channel_values(channels: Sequence[ChannelPlan], readings: pd.DataFrame) -> Iterator[tuple[str, Floats]]:
    """Name and plausible values of each channel, NaN where there is none; the column of a channel may be lacking."""
    values: dict[str, Floats] = {}
    for channel in channels:
        if channel.formula is not None:
            value = evaluate(channel.formula, values)
        elif channel.name in readings.columns:
            value = readings[channel.name].to_numpy(dtype=np.float64)
        else:
            value = np.full(len(readings), np.nan)
        values[channel.name] = plausible(value, channel.low, channel.high)
        yield channel.name, values[channel.name]


def settings_of(regimes: Regimes, channels: Sequence[ChannelPlan], readings: pd.DataFrame) -> Floats:
    """One column for each setting that the regimes are told by."""
    wanted = [channel for channel in channels if channel.name in regimes.settings]
    by_name = dict(channel_values(wanted, readings))
    return np.column_stack([np.empty((len(readings), 0)), *(by_name[name] for name in regimes.settings)])


def require_channels(readings: pd.DataFrame, device_model: DeviceModel) -> None:
    """Raises FrameError naming the first channel that the readings lack."""
    for channel in device_model.channels:
        if channel.name not in readings.columns:
            raise FrameError(f"readings lack the column {channel.name}: import it, or take it out of the catalog file")


def _varies(value: Floats) -> bool:
    known = value[~np.isnan(value)]
    return bool(len(known)) and bool(known.min() < known.max())
