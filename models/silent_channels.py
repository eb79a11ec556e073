"""Which declared channels carry nothing: in what is trained on, and in what is scored."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel
from domain.silent_channels import CONSTANT, IMPLAUSIBLE, NEVER_SEEN, SilentChannels
from models.failure_model import FailureModel
from models.features.channel_plan import ChannelPlan, channel_values, plan_channels
from models.features.plan import latest_rows
from models.features.stretches import Floats


def silent_channels(readings: pd.DataFrame, device_model: DeviceModel) -> SilentChannels:
    """Channels, settings and derived ones among them, from which nothing can be learnt, in the catalog's order."""
    channels = plan_channels(device_model)
    silent: dict[str, list[str]] = {}
    for channel, (name, value) in zip(channels, channel_values(channels, readings), strict=True):
        if why := _why_silent(channel, readings, value):
            silent.setdefault(why, []).append(name)
    return silent


def channels_lately(readings: pd.DataFrame, device_model: DeviceModel) -> set[str]:
    """Measured channels of which any device sent a plausible value within the longest window before its latest reading.

    The readings are sorted by device and ts."""
    if readings.empty:
        return set()
    measured = [channel for channel in plan_channels(device_model) if channel.formula is None]
    device, ts = pd.factorize(readings["device"])[0], readings["ts"].to_numpy("datetime64[us]")
    latest = ts[latest_rows(device)][device]
    lately = latest - ts < np.timedelta64(device_model.features.look_back)
    return {name for name, value in channel_values(measured, readings) if (lately & ~np.isnan(value)).any()}


def channels_needed(models: Iterable[FailureModel]) -> set[str]:
    """Measured channels from which these models' features are made, derived channels apart."""
    return {channel.name for model in models for channel in model.plan.channels if channel.used and not channel.formula}


def _why_silent(channel: ChannelPlan, readings: pd.DataFrame, value: Floats) -> str:
    known = value[~np.isnan(value)]
    if len(known):
        return CONSTANT if known.min() == known.max() else ""
    measured = channel.formula is None and channel.name in readings.columns
    return IMPLAUSIBLE if measured and readings[channel.name].notna().any() else NEVER_SEEN
