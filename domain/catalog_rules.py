"""Reads the `[[alarm_rule]]` tables of a catalog file, or of a file that holds nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from datetime import time, timedelta
from typing import Any

from domain.alarm import Severity
from domain.alarm_rule import ActiveHours, AlarmRule, Change, Limit, Silence
from domain.catalog_table import (
    Table,
    read_count,
    read_duration,
    read_identifier,
    read_number,
    read_one,
    read_span,
    read_text,
    read_texts,
)
from domain.errors import CatalogError

NO_TIME = timedelta()
NOTHING = float("nan")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GAP = 3
"""Reading intervals without a reading after which nobody knows what was in between."""
CALM = 2
"""Reading intervals for which an alarm stays when its condition has gone, unless the rule says otherwise: what comes
and goes from reading to reading is one alarm."""


def parse_alarm_rules(
    text: str, source: str, *, channels: Collection[str], reading_interval: timedelta
) -> Sequence[AlarmRule]:
    """Read a file of rules alone. `source` names it in errors. Raises CatalogError."""
    try:
        document = Table(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{source} is not valid TOML: {error}") from error
    rules = read_alarm_rules(document, channels, reading_interval)
    document.finish()
    return rules


def read_alarm_rules(document: Table, channels: Collection[str], reading_interval: timedelta) -> tuple[AlarmRule, ...]:
    """The rules of a document, each name once. Raises CatalogError."""
    rules: dict[str, AlarmRule] = {}
    for row in document.tables("alarm_rule"):
        rule = _rule(row, channels, reading_interval)
        if rule.name in rules:
            raise document.fail("alarm_rule", f"{rule.name!r} is listed twice")
        rules[rule.name] = rule
    return tuple(rules.values())


def _rule(row: Table, channels: Collection[str], reading_interval: timedelta) -> AlarmRule:
    name = row.get("name", read_identifier)
    condition = _condition(row, channels)
    times = row.get("times", read_count, 1)
    within = row.get("within", read_span, NO_TIME)
    if (times > 1) != bool(within):
        raise row.fail("times", "and within go together: so many times within so long")
    hold = row.get("for", read_duration, NO_TIME)
    silent = isinstance(condition, Silence)
    if silent and (hold or times > 1):
        raise row.fail("silent_for", "says how long: leave out for, times and within")
    rule = AlarmRule(
        name=name,
        title=row.get("title", read_text),
        severity=row.get("severity", lambda value: read_one(value, Severity), Severity.MINOR),
        condition=condition,
        hold=hold,
        times=times,
        within=within,
        clear_after=row.get("clear_after", read_duration, NO_TIME if silent else CALM * reading_interval),
        hours=_hours(row),
        patience=max(GAP * reading_interval, hold),
    )
    row.finish()
    return rule


def _condition(row: Table, channels: Collection[str]) -> Limit | Change | Silence:
    limits = {key: row.get(key, read_number, NOTHING) for key in ("above", "below", "rises_by", "falls_by")}
    given = [key for key, value in limits.items() if value == value]
    silent_for = row.get("silent_for", read_span, NO_TIME)
    if len(given) + bool(silent_for) != 1:
        raise row.fail("above", "or below, rises_by, falls_by or silent_for: give exactly one of them")
    channel = row.get("channel", read_identifier, "") if silent_for else row.get("channel", read_identifier)
    if channel and channel not in channels:
        raise row.fail("channel", f"names {channel!r}, which is no channel of the device model")
    if silent_for:
        return Silence(channel, silent_for)
    [key] = given
    limit = _limit(row, channel, key, limits[key])
    return limit if key in ("above", "below") else Change(limit, row.get("over", read_span))


def _limit(row: Table, channel: str, key: str, bound: float) -> Limit:
    if key in ("rises_by", "falls_by") and bound <= 0:
        raise row.fail(key, f"{bound} is no change: give a number above 0")
    above = key in ("above", "rises_by")
    bound = -bound if key == "falls_by" else bound
    back = "clear_below" if above else "clear_above"
    clear = row.get(back, read_number, bound) if key in ("above", "below") else bound / 2
    if clear > bound if above else clear < bound:
        raise row.fail(back, f"{clear} lies beyond {key} {bound}: the alarm would be cleared while it is raised")
    return Limit(channel, bound, clear, above)


def _hours(row: Table) -> ActiveHours | None:
    hours = row.table("active_hours")
    weekdays = hours.get("weekdays", _weekdays, frozenset(range(7)))
    found = ActiveHours(weekdays, hours.get("from", _time, time(0)), hours.get("until", _time, time(0)))
    hours.finish()
    return None if found == ActiveHours() else found


def _weekdays(value: Any) -> frozenset[int]:
    names = read_texts(value)
    if not names or not set(names) <= set(WEEKDAYS):
        raise ValueError(f"{value!r} is no list of {', '.join(WEEKDAYS)}")
    return frozenset(WEEKDAYS.index(name) for name in names)


def _time(value: Any) -> time:
    if isinstance(value, time):  # TOML has times of its own
        return value
    try:
        moment = time.fromisoformat(read_text(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not a time of day such as 08:00") from error
    if moment.tzinfo is not None:
        raise ValueError(f"{value!r} names a zone: hours are those of the site")
    return moment
