"""What moved a risk, said in the planner's words and units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from domain.device_model import Attribute, Channel, ChannelKind, DerivedChannel, DeviceModel
from domain.units import unit_sign
from models.features import AGE, COMPONENT, EVENT, INSTALLED, FeaturePlan, window_name

Quantity = Channel | DerivedChannel | Attribute
HOUR = timedelta(hours=1)
NUMBERS = ("not once", "once", "twice", "three times", "four times", "five times", "six times")


def describe(group: str, row: Mapping[str, float], device_model: DeviceModel, plan: FeaturePlan) -> str:
    """What one group of features shows, given all features of a reading by name."""
    if group == AGE:
        return f"{row[AGE]:,.0f} h since installation or the last repair"
    if group == INSTALLED:
        return f"{_long(row[f'{INSTALLED}.age'])} since installation"
    if group.startswith(COMPONENT):
        name = group.removeprefix(COMPONENT)
        titles = {component.name: component.title for component in device_model.components}
        hours = row[f"{group}.age"]
        return f"{titles.get(name, name)} {'of unknown age' if np.isnan(hours) else _long(hours) + ' old'}"
    if group.startswith(EVENT):
        return _events(group, row, plan)
    everything: list[Quantity] = [*device_model.channels, *device_model.derived, *device_model.attributes]
    quantity = next(quantity for quantity in everything if quantity.name == group)
    if isinstance(quantity, Attribute):
        return _attribute(quantity, row)
    if isinstance(quantity, Channel) and quantity.kind is ChannelKind.COUNTER:
        return _counter(quantity, row, plan)
    return _gauge(quantity, row, device_model.features.baseline)


def _gauge(channel: Channel | DerivedChannel, row: Mapping[str, float], baseline: timedelta) -> str:
    unit = _unit(channel)
    change, value = row.get(f"{channel.name}.change", np.nan), row[f"{channel.name}.value"]
    if np.isnan(change):
        return f"{channel.title} without a value lately" if np.isnan(value) else f"{channel.title} at {value:.4g}{unit}"
    side = "below" if change < 0 else "above"
    return f"{channel.title} {_size(abs(change))}{unit} {side} this unit's first {_long(baseline / HOUR)}"


def _counter(channel: Channel, row: Mapping[str, float], plan: FeaturePlan) -> str:
    value = row[f"{channel.name}.value"]
    at = (
        f"{channel.title} without a value lately"
        if np.isnan(value)
        else f"{channel.title} at {_size(value)}{_unit(channel)}"
    )
    if not plan.windows:
        return at
    longest = window_name(plan.windows[-1])
    grown = row[f"{channel.name}.increase_{longest}"]
    return at if np.isnan(grown) else f"{at}, {_size(grown)} more within {_apart(longest)}"


def _events(group: str, row: Mapping[str, float], plan: FeaturePlan) -> str:
    [told] = [event for event in plan.events if event.group == group]
    what = f"{told.kind} {' or '.join(told.codes)}" if told.codes else f"other {told.kind} events"
    if not plan.windows:
        return what
    longest = window_name(plan.windows[-1])
    times = round(row[f"{group}.count_{longest}"])
    how_often = NUMBERS[times] if times < len(NUMBERS) else f"{times:,} times"
    return f"{what} {how_often} within {_apart(longest)}"


def _attribute(attribute: Attribute, row: Mapping[str, float]) -> str:
    value = row.get(f"{attribute.name}.value")
    if value is not None:
        return f"{attribute.title} {'not known' if np.isnan(value) else _size(value) + _unit(attribute)}"
    start = f"{attribute.name}.is_"
    category = next((name.removeprefix(start) for name in row if name.startswith(start) and row[name] == 1), "another")
    return f"{attribute.title} {category}"


def _unit(quantity: Quantity) -> str:
    return "" if quantity.unit == "1" else f" {unit_sign(quantity.unit)}"


def _long(hours: float) -> str:
    """In days from two days on."""
    return f"{hours / 24:,.0f} days" if hours >= 48 else f"{hours:,.0f} h"


def _apart(window: str) -> str:
    """A window's name with a space before its unit."""
    return f"{window[:-1]} {window[-1]}"


def _size(number: float) -> str:
    """Three significant digits; large numbers in full and not in powers of ten."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
