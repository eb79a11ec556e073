"""Why the risk is what it is: what each channel, event, component or attribute added to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.device_model import DeviceModel
from domain.prediction import Contribution
from models.calibration import Floats, log_odds
from models.failure_model import FailureModel
from models.features import EVENT, group_of, window_name
from models.lives import Integers
from models.reasons import describe

ORDERS = 8
SMALLEST_EFFECT = 0.005
REST = "other"
"""Stands for all that moved the risk by less, so that what is told adds up."""
DEVICES_AT_ONCE = 32


def explain(model: FailureModel, features: pd.DataFrame, device_model: DeviceModel) -> list[tuple[Contribution, ...]]:
    """Per row what moved the risk by at least half a percent, the strongest first: channels, and whatever else there
    are features of (`models.features.names`).

    Compared is with the same device in health: its own start where that is known, no events, the fleet's healthy
    median elsewhere. All effects add up to the risk minus the healthy device's risk, and in log-odds likewise; they
    are Shapley values over groups, estimated from a few orders and their reverses (Mitchell et al., 2022, "Sampling
    Permutations for Shapley Value Estimation"). What is left over stands last, as `REST`.
    """
    groups = _groups(model.features)
    effects, odds = channel_effects(model, features, groups)
    rows = [dict(zip(features.columns, row, strict=True)) for row in features.to_numpy(dtype=np.float64)]
    return [
        _contributions(groups, effects[number], odds[number], partial(_say, model, device_model, row))
        for number, row in enumerate(rows)
    ]


def _say(model: FailureModel, device_model: DeviceModel, row: Mapping[str, float], group: str) -> str:
    return describe(group, row, device_model, model.plan)


def _contributions(
    groups: Sequence[str], effects: Floats, odds: Floats, say: Callable[[str], str]
) -> tuple[Contribution, ...]:
    strongest = np.argsort(-np.abs(effects), kind="stable")
    told = strongest[np.abs(effects[strongest]) >= SMALLEST_EFFECT]
    rest = strongest[len(told) :]
    contributions = [
        Contribution(groups[number], float(effects[number]), say(groups[number]), float(odds[number]))
        for number in told
    ]
    if effects[rest].any() or odds[rest].any():
        contributions.append(
            Contribution(REST, float(effects[rest].sum()), "everything else together", float(odds[rest].sum()))
        )
    return tuple(contributions)


def channel_effects(model: FailureModel, features: pd.DataFrame, groups: Sequence[str]) -> tuple[Floats, Floats]:
    """Rows by groups: what each group adds to the risk, and to its log-odds, when it goes from healthy to what it is.

    The effects of a row add up to its risk minus the risk of the device in health, and so do the log-odds.
    """
    actual = features[list(model.features)].to_numpy(dtype=np.float32)
    healthy = _in_health(model, features)
    members = [np.array([group_of(name) == group for name in model.features]) for group in groups]
    parts = [
        _effects(model, actual[start : start + DEVICES_AT_ONCE], healthy[start : start + DEVICES_AT_ONCE], members)
        for start in range(0, len(actual), DEVICES_AT_ONCE)
    ]
    both = np.concatenate(parts, axis=1) if parts else np.empty((2, 0, len(groups)))
    return both[0], both[1]


def _effects(
    model: FailureModel, actual: NDArray[np.float32], healthy: NDArray[np.float32], members: Sequence[NDArray[np.bool_]]
) -> Floats:
    """Effects on the risk and on its log-odds, by rows, by groups."""
    orders = _orders(len(members))
    steps = []
    for order in orders:
        row = healthy.copy()
        steps.append(row.copy())
        for group in order:
            row[:, members[group]] = actual[:, members[group]]
            steps.append(row.copy())
    risk = model.risk(np.concatenate(steps)).reshape(len(orders), len(members) + 1, len(actual))
    effects = np.zeros((2, len(actual), len(members)))
    for scale, path_of_risk in zip(effects, (risk, log_odds(risk)), strict=True):
        for order, path in zip(orders, np.diff(path_of_risk, axis=1), strict=True):
            scale[:, order] += path.T
    return effects / len(orders)


def _orders(groups: int) -> list[Integers]:
    random = np.random.default_rng(0)
    drawn = [random.permutation(groups) for _ in range(ORDERS // 2)]
    return [*drawn, *(order[::-1] for order in drawn)]


def _groups(features: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(group_of(name) for name in features))


def _in_health(model: FailureModel, features: pd.DataFrame) -> NDArray[np.float32]:
    told = dict(zip(features.columns, features.to_numpy(dtype=np.float64).T, strict=True))
    columns = [_healthy_column(model, told, len(features), name) for name in model.features]
    return np.column_stack([np.empty((len(features), 0)), *columns]).astype(np.float32)


def _healthy_column(model: FailureModel, features: Mapping[str, Floats], rows: int, name: str) -> Floats:
    group, _, told = name.partition(".")
    usual = np.full(rows, model.healthy[name])
    if group.startswith(EVENT):
        return usual * 0 if told.startswith("count") else np.full(rows, np.nan)
    mean, change = (
        f"{group}.mean_{window_name(model.plan.windows[-1])}" if model.plan.windows else "",
        f"{group}.change",
    )
    if mean not in features or change not in features:
        return usual
    drift = features[change]
    own = features[mean] - drift
    statistic = told.partition("_")[0]
    if statistic in ("change", "slope"):
        own = own * 0
    elif statistic in ("minimum", "maximum"):
        own += model.healthy[name] - model.healthy[mean]
    elif statistic == "spread":
        return usual
    return np.where(np.isnan(drift), usual, own)
