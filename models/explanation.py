"""Why the risk is what it is: what each channel added to it, in the planner's words and units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import Channel, DeviceModel
from domain.prediction import Contribution
from domain.units import unit_sign
from models.calibration import Floats
from models.failure_model import FailureModel
from models.features import AGE, channel_of, window_name
from models.lives import Integers

ORDERS = 8
SMALLEST_EFFECT = 0.005
DEVICES_AT_ONCE = 32


def explain(model: FailureModel, features: pd.DataFrame, device_model: DeviceModel) -> list[tuple[Contribution, ...]]:
    """Per row the channels that moved the risk by at least half a percent, the strongest first.

    Compared is with the same device in health: its own start where that is known, the fleet's healthy median
    elsewhere. The effects of all channels and of the age (as channel `age`) add up to the risk minus the healthy
    device's risk; they are Shapley values over channels, estimated from a few orders and their reverses (Mitchell et
    al., 2022, "Sampling Permutations for Shapley Value Estimation").
    """
    groups = _groups(model.features)
    effects = channel_effects(model, features, groups)
    channels = {channel.name: channel for channel in device_model.channels}
    rows = [dict(zip(features.columns, row, strict=True)) for row in features.to_numpy(dtype=np.float64)]
    return [
        tuple(
            Contribution(group, float(row_effects[number]), _describe(group, row, channels))
            for number, group in sorted(enumerate(groups), key=lambda item: -abs(row_effects[item[0]]))
            if abs(row_effects[number]) >= SMALLEST_EFFECT
        )
        for row, row_effects in zip(rows, effects, strict=True)
    ]


def channel_effects(model: FailureModel, features: pd.DataFrame, groups: Sequence[str]) -> Floats:
    """Rows by groups: what each group adds to the risk when it goes from healthy to what it is now.

    The effects of a row add up to its risk minus the risk of the device in health.
    """
    actual = features[list(model.features)].to_numpy(dtype=np.float32)
    healthy = _in_health(model, features)
    members = [np.array([channel_of(name) == group for name in model.features]) for group in groups]
    parts = [
        _effects(model, actual[start : start + DEVICES_AT_ONCE], healthy[start : start + DEVICES_AT_ONCE], members)
        for start in range(0, len(actual), DEVICES_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty((0, len(groups)))


def _effects(
    model: FailureModel, actual: NDArray[np.float32], healthy: NDArray[np.float32], members: Sequence[NDArray[np.bool_]]
) -> Floats:
    orders = _orders(len(members))
    steps = []
    for order in orders:
        row = healthy.copy()
        steps.append(row.copy())
        for group in order:
            row[:, members[group]] = actual[:, members[group]]
            steps.append(row.copy())
    risk = model.risk(np.concatenate(steps)).reshape(len(orders), len(members) + 1, len(actual))
    effects = np.zeros((len(actual), len(members)))
    for order, path in zip(orders, np.diff(risk, axis=1), strict=True):
        effects[:, order] += path.T
    return effects / len(orders)


def _orders(groups: int) -> list[Integers]:
    random = np.random.default_rng(0)
    drawn = [random.permutation(groups) for _ in range(ORDERS // 2)]
    return [*drawn, *(order[::-1] for order in drawn)]


def _groups(features: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(channel_of(name) for name in features))


def _in_health(model: FailureModel, features: pd.DataFrame) -> NDArray[np.float32]:
    longest = window_name(max(model.windows))
    columns = []
    for name in model.features:
        channel, _, kind = name.partition(".")
        usual = np.full(len(features), model.healthy[name], dtype=np.float32)
        if channel == AGE:
            columns.append(usual)
            continue
        change = features[f"{channel}.change"].to_numpy()
        own = features[f"{channel}.mean_{longest}"].to_numpy() - change
        if kind == "change" or kind.startswith("slope"):
            own = np.zeros_like(own)
        columns.append(np.where(np.isnan(change), usual, own))
    return np.column_stack(columns).astype(np.float32)


def _describe(group: str, row: Mapping[str, float], channels: Mapping[str, Channel]) -> str:
    if group == AGE:
        return f"{row[AGE]:,.0f} h since installation or the last repair"
    channel = channels[group]
    unit = "" if channel.unit == "1" else f" {unit_sign(channel.unit)}"
    change, value = row[f"{group}.change"], row[f"{group}.value"]
    if np.isnan(change):
        return f"{channel.title} without a value lately" if np.isnan(value) else f"{channel.title} at {value:.4g}{unit}"
    if change < 0:
        return f"{channel.title} {_size(-change)}{unit} below its healthy level"
    return f"{channel.title} {_size(change)}{unit} above its healthy level"


def _size(number: float) -> str:
    """Three significant digits; large numbers in full and not in powers of ten."""
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"
