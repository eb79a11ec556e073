"""Reads a catalog file (TOML) into a `DeviceModel`; every mistake is told with its place and its mend."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from domain.device_model import (
    Channel,
    ChannelKind,
    Component,
    Costs,
    DeviceModel,
    FailureMode,
    FeatureSettings,
    Guidance,
    KitLine,
    Part,
)
from domain.errors import CatalogError, InvalidInputError
from domain.money import Money

T = TypeVar("T")

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,40}")
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31_536_000.0}
NO_TEXTS: tuple[str, ...] = ()
NO_TIME = timedelta()
RESERVED_CHANNELS = {"ts", "device_id", "device", "extra"}


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `15m`, `1.5h`, `7d`, `2w` or `2y` (of 365 days). Raises ValueError."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 30s, 15m, 1h or 7d")
    return timedelta(seconds=float(match[1]) * UNITS[match[2]])


def parse_device_model(text: str, source: str) -> DeviceModel:
    """Read one catalog file. `source` names it in errors. Raises CatalogError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{source} is not valid TOML: {error}") from error
    return _device_model(_Table(document, source))


class _Table:
    """A TOML table that knows where it stands, so that an error can name the place."""

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self._values = values
        self._place = place
        self._used: set[str] = set()

    def fail(self, key: str, problem: str) -> CatalogError:
        return CatalogError(f"{self._place}: {key} {problem}")

    def get(self, key: str, read: Callable[[Any], T], default: T | None = None) -> T:
        self._used.add(key)
        if key not in self._values:
            if default is None:
                raise self.fail(key, "is missing")
            return default
        try:
            return read(self._values[key])
        except (TypeError, ValueError) as error:
            raise self.fail(key, f"is wrong: {error}") from error

    def table(self, key: str) -> _Table:
        self._used.add(key)
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(key, "must be a table")
        return _Table(value, f"{self._place}: [{key}]")

    def tables(self, key: str) -> list[_Table]:
        self._used.add(key)
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise self.fail(key, f"must be a list of tables, written as [[{key}]]")
        return [
            _Table(row, f"{self._place}: [[{key}]] {row.get('name', row.get('part_no', number))}")
            for number, row in enumerate(value, 1)
        ]

    def finish(self) -> None:
        unknown = sorted(set(self._values) - self._used)
        if unknown:
            raise self.fail(unknown[0], f"is not known here; known are {', '.join(sorted(self._used))}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _identifier(value: Any) -> str:
    if not IDENTIFIER.fullmatch(_text(value)):
        raise ValueError(f"{value!r} is not a name of small letters, digits and _ that begins with a letter")
    return str(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} is not a whole number of at least 1")
    return value


def _minor(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not an amount in minor units (cents, a whole number)")
    return value


def _fraction(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{value!r} is not between 0 and 1")
    return number


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list of texts")
    return tuple(_text(item) for item in value)


def _duration(value: Any) -> timedelta:
    return parse_duration(_text(value))


def _span(value: Any) -> timedelta:
    duration = _duration(value)
    if not duration:
        raise ValueError(f"{value!r} is no time at all: give a longer duration")
    return duration


def _spans(value: Any) -> tuple[timedelta, ...]:
    if not (texts := _texts(value)):
        raise ValueError("the list is empty: give at least one duration")
    return tuple(_span(item) for item in texts)


def _currency(value: Any) -> str:
    try:
        return Money(0, _text(value)).currency
    except InvalidInputError as error:
        raise ValueError(str(error)) from error


def _device_model(document: _Table) -> DeviceModel:
    head = document.table("device_model")
    currency = head.get("currency", _currency)
    features = document.table("features")
    model = DeviceModel(
        name=head.get("name", _identifier),
        title=head.get("title", _text),
        reading_interval=head.get("reading_interval", _span),
        currency=currency,
        channels=[_channel(row) for row in document.tables("channel")],
        components=[_component(row) for row in document.tables("component")],
        failure_modes=[_failure_mode(row, currency) for row in document.tables("failure_mode")],
        parts=[_part(row, currency) for row in document.tables("part")],
        features=FeatureSettings(windows=features.get("windows", _spans), baseline=features.get("baseline", _duration)),
        retention=head.get("retention", _span, NO_TIME) or None,
        rollup_retention=head.get("rollup_retention", _span, NO_TIME) or None,
    )
    for table in (head, features, document):
        table.finish()
    _check_references(model, document)
    _check_retention(model, head)
    return model


def _channel(row: _Table) -> Channel:
    name = row.get("name", _identifier)
    if name in RESERVED_CHANNELS:
        raise row.fail("name", f"{name!r} is a column of every readings table or import: choose another")
    low, high = row.get("low", _number, float("-inf")), row.get("high", _number, float("inf"))
    if low >= high:
        raise row.fail("low", f"{low} is not below high {high}")
    channel = Channel(
        name=name,
        title=row.get("title", _text),
        unit=row.get("unit", _text),
        kind=row.get("kind", lambda value: ChannelKind(_text(value)), ChannelKind.GAUGE),
        low=None if low == float("-inf") else low,
        high=None if high == float("inf") else high,
    )
    row.finish()
    return channel


def _component(row: _Table) -> Component:
    component = Component(row.get("name", _identifier), row.get("title", _text))
    row.finish()
    return component


def _failure_mode(row: _Table, currency: str) -> FailureMode:
    def money(table: _Table, key: str) -> Money:
        return Money(table.get(key, _minor), currency)

    cost, guidance = row.table("cost"), row.table("guidance")
    name = row.get("name", _identifier)
    mode = FailureMode(
        name=name,
        title=row.get("title", _text),
        component=row.get("component", _identifier),
        horizon=row.get("horizon", _span),
        lead_time=row.get("lead_time", _duration),
        rul_cap=row.get("rul_cap", _span),
        gate_precision=row.get("gate_precision", _fraction),
        costs=Costs(money(cost, "planned_visit"), money(cost, "emergency_visit"), money(cost, "needless_visit")),
        kit=tuple(KitLine(line.get("part_no", _text), line.get("quantity", _count, 1)) for line in row.tables("kit")),
        guidance=Guidance(
            *(guidance.get(key, _texts, NO_TEXTS) for key in ("symptoms", "checks", "tools", "steps", "safety"))
        ),
        event_codes=row.get("event_codes", _texts, (name,)),
    )
    for table in (cost, guidance, row):
        table.finish()
    return mode


def _part(row: _Table, currency: str) -> Part:
    part = Part(
        part_no=row.get("part_no", _text),
        description=row.get("description", _text),
        unit_cost=Money(row.get("unit_cost", _minor), currency),
        lead_time=row.get("lead_time", _duration),
    )
    row.finish()
    return part


def _check_references(model: DeviceModel, document: _Table) -> None:
    for key, names in (
        ("channel", [channel.name for channel in model.channels]),
        ("component", [component.name for component in model.components]),
        ("failure_mode", [mode.name for mode in model.failure_modes]),
        ("part", [part.part_no for part in model.parts]),
    ):
        _check_unique(document, key, names)
    components = {component.name for component in model.components}
    parts = {part.part_no for part in model.parts}
    for mode in model.failure_modes:
        if mode.component not in components:
            raise document.fail(f"failure_mode {mode.name}", f"names component {mode.component!r}, which is not listed")
        for line in mode.kit:
            if line.part_no not in parts:
                raise document.fail(f"failure_mode {mode.name}", f"needs part {line.part_no!r}, which is not listed")


def _check_retention(model: DeviceModel, head: _Table) -> None:
    look_back = max(*model.features.windows, model.features.baseline)
    if model.retention is not None and model.retention < look_back:
        raise head.fail("retention", "is shorter than the features look back: no model could be trained")
    if model.rollup_retention is not None and model.rollup_retention < (model.retention or timedelta.max):
        raise head.fail("rollup_retention", "needs a retention that is not longer: roll-ups outlive their readings")


def _check_unique(document: _Table, key: str, names: Sequence[str]) -> None:
    if key in ("channel", "failure_mode") and not names:
        raise document.fail(key, f"is missing: list at least one [[{key}]]")
    for name in names:
        if names.count(name) > 1:
            raise document.fail(key, f"{name!r} is listed twice")
