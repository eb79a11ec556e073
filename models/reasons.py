"""What moved a risk, said in the planner's words and units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from domain.device_model import Attribute, Channel, ChannelKind, DerivedChannel, DeviceModel
from domain.units import unit_sign
from models.features import AGE, COMPONENT, EVENT, INSTALLED, FeaturePlan, window_name

Quantity = Channel | DerivedChannel | Attribute


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
    return _gauge(quantity, row)


def _gauge(channel: Channel | DerivedChannel, row: Mapping[str, float]) -> str:
    unit = _unit(channel)
    change, value = row.get(f"{channel.name}.change", np.nan), row[f"{channel.name}.value"]
    if np.isnan(change):
        return f"{channel.title} without a value lately" if np.isnan(value) else f"{channel.title} at {value:.4g}{unit}"
    if change < 0:
        return f"{channel.title} {_size(-change)}{unit} below its healthy level"
    return f"{channel.title} {_size(change)}{unit} above its healthy level"


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
    return at if np.isnan(grown) else f"{at}, {_size(grown)} more within {longest}"


def _events(group: str, row: Mapping[str, float], plan: FeaturePlan) -> str:
    [told] = [event for event in plan.events if event.group == group]
    what = f"{told.kind} {' or '.join(told.codes)}" if told.codes else f"other {told.kind} events"
    if not plan.windows:
        return what
    longest = window_name(plan.windows[-1])
    times = row[f"{group}.count_{longest}"]
    return f"{what}: {times:.0f} within {longest}" if times else f"no {what} within {longest}"


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


def _size(number: float) -> str:
    """Three significant digits; large numbers in full and not in powers of ten."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
