"""Why the risk is what it is: what each channel, event, component or attribute added to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import DeviceModel
from domain.prediction import Contribution
from models.calibration import Floats
from models.failure_model import FailureModel
from models.features import EVENT, group_of, window_name
from models.lives import Integers
from models.reasons import describe

ORDERS = 8
SMALLEST_EFFECT = 0.005
DEVICES_AT_ONCE = 32


def explain(model: FailureModel, features: pd.DataFrame, device_model: DeviceModel) -> list[tuple[Contribution, ...]]:
    """Per row what moved the risk by at least half a percent, the strongest first: channels, and whatever else there
    are features of (`models.features.names`).

    Compared is with the same device in health: its own start where that is known, no events, the fleet's healthy
    median elsewhere. All effects add up to the risk minus the healthy device's risk; they are Shapley values over
    groups, estimated from a few orders and their reverses (Mitchell et al., 2022, "Sampling Permutations for Shapley
    Value Estimation").
    """
    groups = _groups(model.features)
    effects = channel_effects(model, features, groups)
    rows = [dict(zip(features.columns, row, strict=True)) for row in features.to_numpy(dtype=np.float64)]
    return [
        tuple(
            Contribution(group, float(row_effects[number]), describe(group, row, device_model, model.plan))
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
    members = [np.array([group_of(name) == group for name in model.features]) for group in groups]
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
    return list(dict.fromkeys(group_of(name) for name in features))


def _in_health(model: FailureModel, features: pd.DataFrame) -> NDArray[np.float32]:
    columns = [_healthy_column(model, features, name) for name in model.features]
    return np.column_stack([np.empty((len(features), 0)), *columns]).astype(np.float32)


def _healthy_column(model: FailureModel, features: pd.DataFrame, name: str) -> Floats:
    group, _, told = name.partition(".")
    usual = np.full(len(features), model.healthy[name])
    if group.startswith(EVENT):
        return usual * 0 if told.startswith("count") else np.full(len(features), np.nan)
    mean, change = (
        f"{group}.mean_{window_name(model.plan.windows[-1])}" if model.plan.windows else "",
        f"{group}.change",
    )
    if mean not in features or change not in features:
        return usual
    drift = features[change].to_numpy(dtype=np.float64)
    own = features[mean].to_numpy(dtype=np.float64) - drift
    statistic = told.partition("_")[0]
    if statistic in ("change", "slope"):
        own = own * 0
    elif statistic in ("minimum", "maximum"):
        own += model.healthy[name] - model.healthy[mean]
    elif statistic == "spread":
        return usual
    return np.where(np.isnan(drift), usual, own)
