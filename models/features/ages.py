"""What is known of a device beside its telemetry: how old it and its components are, and its attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.device_model import Attribute, AttributeKind, DeviceModel
from models.features.occurrences import Instants
from models.features.stretches import Floats
from models.lives import HOUR_MS, NEVER, Integers, Lives, renewals

MOST_CATEGORIES = 8
"""Of an attribute that get a column each; a device of a rarer one has 0 in all of them."""


@dataclass(frozen=True, slots=True)
class AttributePlan:
    """An attribute and the categories that have a column; a number has none."""

    name: str
    categories: Sequence[str] = ()


def installed_hours(devices: pd.DataFrame, lives: Lives, asked: Integers) -> Floats:
    """Hours since the device was installed; NaN where that is not known, or told to be later."""
    return _hours_since(Instants.of(devices, "installed_at", lives), lives, asked)


def component_hours(
    components: pd.DataFrame, events: pd.DataFrame, device_model: DeviceModel, name: str, lives: Lives, asked: Integers
) -> Floats:
    """Hours since the component was last renewed before the reading, whoever told of it; NaN where nobody did."""
    renewed = renewals(events, device_model, name).rename(columns={"ts": "installed_at"})
    installed = components.loc[components["component"] == name, ["device", "installed_at"]]
    known = pd.concat([frame for frame in (installed, renewed) if not frame.empty] or [renewed])
    return _hours_since(Instants.of(known, "installed_at", lives), lives, asked)


def _hours_since(instants: Instants, lives: Lives, asked: Integers) -> Floats:
    """A renewal at the very instant of a reading comes after it."""
    now = lives.ts[asked]
    latest = instants.latest(lives.device[asked], now - 1)
    return np.where(latest > NEVER, (now - latest) / HOUR_MS, np.nan)


def choose_attributes(devices: pd.DataFrame, attributes: Sequence[Attribute], names: pd.Index) -> list[AttributePlan]:
    """The declared attributes that tell devices apart."""
    chosen = []
    for attribute in attributes:
        if attribute.name not in devices.columns:
            continue
        values = devices.loc[devices["device"].isin(names), attribute.name]
        if values.nunique() < 2:
            continue
        if attribute.kind is AttributeKind.NUMBER:
            chosen.append(AttributePlan(attribute.name))
            continue
        texts = values.dropna().astype(str)
        common = sorted(sorted(texts.unique()), key=lambda text: -int((texts == text).sum()))
        chosen.append(AttributePlan(attribute.name, tuple(common[:MOST_CATEGORIES])))
    return chosen


def attribute_columns(
    devices: pd.DataFrame, attribute: AttributePlan, lives: Lives, asked: Integers
) -> dict[str, Floats]:
    """`value` of a number, or 1 or 0 for each category: `is_<category>`; NaN where the attribute is not known."""
    unknown = attribute.name not in devices.columns
    column = pd.Series(dtype="object") if unknown else devices.set_index("device")[attribute.name]
    values = column.reindex(lives.names).to_numpy(dtype=object)
    if not attribute.categories:
        numbers = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=np.float64)
        return {f"{attribute.name}.value": numbers[lives.device[asked]]}
    known = pd.notna(values)
    columns = {}
    for category in attribute.categories:
        is_one = np.array([str(value) == category for value in values])
        columns[f"{attribute.name}.is_{category}"] = np.where(known, is_one, np.nan)[lives.device[asked]]
    return columns
