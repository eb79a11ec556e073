"""Reads a catalog file (TOML) into a `DeviceModel`; every mistake is told with its place and its mend."""

from __future__ import annotations

import tomllib
from datetime import timedelta

from domain.catalog_checks import check_references, check_retention
from domain.catalog_commands import read_commands, read_rate_limit
from domain.catalog_rules import read_alarm_rules
from domain.catalog_table import (
    Table,
    parse_duration,
    read_all,
    read_count,
    read_currency,
    read_duration,
    read_fraction,
    read_identifier,
    read_minor,
    read_number,
    read_one,
    read_span,
    read_spans,
    read_text,
    read_texts,
)
from domain.catalog_trees import read_tree
from domain.device import EventKind
from domain.device_model import (
    DEFAULT_STATISTICS,
    Attribute,
    AttributeKind,
    Channel,
    ChannelKind,
    Component,
    Costs,
    DerivedChannel,
    DeviceModel,
    FailureMode,
    FeatureSettings,
    Guidance,
    KitLine,
    Part,
    Statistic,
)
from domain.errors import CatalogError
from domain.formula import parse_formula
from domain.language import Language
from domain.manual import Manual, check_file
from domain.money import Money

__all__ = ["parse_device_model", "parse_duration"]

NO_TEXTS: tuple[str, ...] = ()
NO_TIME = timedelta()
NO_SPANS: tuple[timedelta, ...] = ()
USUAL_VISIT = timedelta(hours=2)
RESERVED_CHANNELS = {"ts", "device_id", "device", "extra", "age", "installed_at"}
"""Columns of every readings table, of imports, and what a prediction may be explained by beside channels."""
DEFAULT_WINDOWS = (6, 24)
"""In readings."""
TOLERATED_INTERVALS, LEAST_TOLERANCE = 6, timedelta(minutes=5)
"""How long a device may be offline unless its file says so: twice as long as it takes to be called silent."""
DEFAULT_EVENT_KINDS = (EventKind.ERROR, EventKind.MAINTENANCE)


def parse_device_model(text: str, source: str) -> DeviceModel:
    """Read one catalog file. `source` names it in errors. Raises CatalogError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{source} is not valid TOML: {error}") from error
    return _device_model(Table(document, source))


def _device_model(document: Table) -> DeviceModel:
    head = document.table("device_model")
    currency = head.get("currency", read_currency)
    features = document.table("features")
    reading_interval = head.get("reading_interval", read_span)
    channels = [_channel(row) for row in document.tables("channel")]
    language = head.get("language", lambda value: read_one(value, Language), Language.ENGLISH)
    model = DeviceModel(
        name=head.get("name", read_identifier),
        title=head.get("title", read_text),
        reading_interval=reading_interval,
        currency=currency,
        channels=channels,
        components=[_component(row) for row in document.tables("component")],
        failure_modes=[_failure_mode(row, currency) for row in document.tables("failure_mode")],
        parts=[_part(row, currency) for row in document.tables("part")],
        features=_features(features, reading_interval),
        retention=head.get("retention", read_span, NO_TIME) or None,
        rollup_retention=head.get("rollup_retention", read_span, NO_TIME) or None,
        derived=[_derived(row) for row in document.tables("derived")],
        attributes=[_attribute(row) for row in document.tables("attribute")],
        family=head.get("family", read_identifier, ""),
        alarm_rules=read_alarm_rules(document, [channel.name for channel in channels], reading_interval),
        offline_tolerance=head.get(
            "offline_tolerance", read_span, max(TOLERATED_INTERVALS * reading_interval, LEAST_TOLERANCE)
        ),
        maintenance_interval=head.get("maintenance_interval", read_span, NO_TIME) or None,
        maintenance_length=head.get("maintenance_length", read_span, USUAL_VISIT),
        commands=read_commands(document),
        command_limit=read_rate_limit(document),
        language=language,
        manuals=_manuals(document, language),
    )
    for table in (head, features, document):
        table.finish()
    check_references(model, document)
    check_retention(model, head)
    return model


def _manuals(document: Table, language: Language) -> list[Manual]:
    """Each name once. Whether the files are there is not for a parser to say."""
    found: dict[str, Manual] = {}
    for row in document.tables("manual"):
        manual = Manual(
            name=row.get("name", read_identifier),
            title=row.get("title", read_text),
            file=row.get("file", lambda value: check_file(read_text(value))),
            language=row.get("language", lambda value: read_one(value, Language), language),
        )
        row.finish()
        if manual.name in found:
            raise document.fail("manual", f"{manual.name!r} is listed twice")
        found[manual.name] = manual
    return list(found.values())


def _features(table: Table, reading_interval: timedelta) -> FeatureSettings:
    windows = table.get("windows", read_spans, tuple(reading_interval * readings for readings in DEFAULT_WINDOWS))
    trends = table.get("trends", read_spans, NO_SPANS)
    if trends and min(trends) <= max(windows):
        raise table.fail("trends", "must be longer than every one of the windows")
    return FeatureSettings(
        windows=windows,
        baseline=table.get("baseline", read_duration, max(windows)),
        statistics=table.get("statistics", lambda value: read_all(value, Statistic), DEFAULT_STATISTICS),
        regimes=table.get("regimes", read_count, 0) or None,
        event_kinds=table.get("event_kinds", lambda value: read_all(value, EventKind), DEFAULT_EVENT_KINDS),
        trends=trends,
    )


def _channel(row: Table) -> Channel:
    name = _new_name(row)
    low, high = row.get("low", read_number, float("-inf")), row.get("high", read_number, float("inf"))
    if low >= high:
        raise row.fail("low", f"{low} is not below high {high}")
    channel = Channel(
        name=name,
        title=row.get("title", read_text),
        unit=row.get("unit", read_text),
        kind=row.get("kind", lambda value: read_one(value, ChannelKind), ChannelKind.GAUGE),
        low=None if low == float("-inf") else low,
        high=None if high == float("inf") else high,
    )
    row.finish()
    return channel


def _derived(row: Table) -> DerivedChannel:
    derived = DerivedChannel(
        name=_new_name(row),
        title=row.get("title", read_text),
        unit=row.get("unit", read_text),
        formula=row.get("formula", lambda value: parse_formula(read_text(value))),
    )
    row.finish()
    return derived


def _attribute(row: Table) -> Attribute:
    attribute = Attribute(
        name=_new_name(row),
        title=row.get("title", read_text),
        unit=row.get("unit", read_text, "1"),
        kind=row.get("kind", lambda value: read_one(value, AttributeKind), AttributeKind.NUMBER),
    )
    row.finish()
    return attribute


def _new_name(row: Table) -> str:
    name = row.get("name", read_identifier)
    if name in RESERVED_CHANNELS:
        raise row.fail("name", f"{name!r} is a column of every readings table or import: choose another")
    return name


def _component(row: Table) -> Component:
    component = Component(row.get("name", read_identifier), row.get("title", read_text))
    row.finish()
    return component


def _failure_mode(row: Table, currency: str) -> FailureMode:
    def money(table: Table, key: str) -> Money:
        return Money(table.get(key, read_minor), currency)

    cost, guidance = row.table("cost"), row.table("guidance")
    name = row.get("name", read_identifier)
    mode = FailureMode(
        name=name,
        title=row.get("title", read_text),
        component=row.get("component", read_identifier),
        horizon=row.get("horizon", read_span),
        lead_time=row.get("lead_time", read_duration),
        rul_cap=row.get("rul_cap", read_span),
        gate_precision=row.get("gate_precision", read_fraction),
        costs=Costs(money(cost, "planned_visit"), money(cost, "emergency_visit"), money(cost, "needless_visit")),
        kit=tuple(_kit_line(line) for line in row.tables("kit")),
        guidance=Guidance(
            *(guidance.get(key, read_texts, NO_TEXTS) for key in ("symptoms", "checks", "tools", "steps", "safety"))
        ),
        event_codes=row.get("event_codes", read_texts, (name,)),
        family_mode=row.get("family_mode", read_identifier, name),
        skills=row.get("skills", read_texts, NO_TEXTS),
        visit_length=row.get("visit_length", read_span, USUAL_VISIT),
        troubleshooting=read_tree(row),
    )
    for table in (cost, guidance, row):
        table.finish()
    return mode


def _kit_line(row: Table) -> KitLine:
    line = KitLine(
        part_no=row.get("part_no", read_text),
        quantity=row.get("quantity", read_count, 1),
        substitutes=row.get("substitutes", read_texts, NO_TEXTS),
    )
    row.finish()
    return line


def _part(row: Table, currency: str) -> Part:
    part = Part(
        part_no=row.get("part_no", read_text),
        description=row.get("description", read_text),
        unit_cost=Money(row.get("unit_cost", read_minor), currency),
        lead_time=row.get("lead_time", read_duration),
    )
    row.finish()
    return part
