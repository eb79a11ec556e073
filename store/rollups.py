"""Rolls up dirty buckets: the finest level out of the readings, each coarser one out of the next finer one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.readings import BOUNDED, list_channels
from store.rollup_levels import BUCKET_ORIGIN, levels_of
from store.rollup_tables import SUMMARIES
from store.sql import load

SQL = load("rollups")
BUCKETS_AT_ONCE = 5000
LONGEST_SETTLING = timedelta(minutes=10)
OF_READINGS = f"count({{0}}), min({{0}}), max({{0}}), sum({BOUNDED})"
OF_LEVEL = "sum({0})::integer, min({1}), max({2}), sum({3})"


def settling(device_model: DeviceModel) -> timedelta:
    """How long a bucket stays dirty before it is rolled up: about until it is full, at most ten minutes."""
    return min([LONGEST_SETTLING, *(level.width for level in levels_of(device_model))])


def roll_up(connection: Connection, device_model: DeviceModel, *, settled: timedelta | None = None) -> int:
    """Roll up at most 5,000 buckets that have been dirty for `settled`, in every level, and return how many.

    settled: `settling(device_model)` by default. The caller holds the device model's upkeep until it commits.
    """
    levels = levels_of(device_model)
    if not levels:
        return 0
    connection.execute(SQL["create_due"])
    connection.execute(SQL["empty_due"])
    parameters = {
        "device_model": device_model.name,
        "settled": settling(device_model) if settled is None else settled,
        "limit": BUCKETS_AT_ONCE,
        "width": levels[0].width,
        "origin": BUCKET_ORIGIN,
    }
    connection.execute(SQL["take_due"], parameters)
    count, first, last = connection.execute(SQL["extent_of_due"]).fetchone() or (0, None, None)
    if not count:
        return 0
    connection.execute(SQL["analyze_due"])
    source, query, summaries = device_model.readings_table, "roll_up_readings", OF_READINGS
    for level in levels:
        names = [channel.name for channel in device_model.channels]
        statement = sql.SQL(SQL[query]).format(
            level=sql.Identifier(level.table(device_model)),
            table=sql.Identifier(source),
            columns=summary_columns(names),
            summaries=list_channels(names, summaries) if query == "roll_up_readings" else _of_level(names),
            changes=_each_column(names, "{0} = EXCLUDED.{0}"),
            width=sql.Literal(level.width),
            origin=sql.Literal(BUCKET_ORIGIN),
            since=sql.Literal(level.floor(first)),
            until=sql.Literal(level.floor(last) + level.width),
        )
        connection.execute(statement)
        source, query = level.table(device_model), "roll_up_level"
    return int(count)


def summary_columns(channels: Sequence[str]) -> sql.Composed:
    """Count, min, max and sum of each channel, in this order."""
    return _each_column(channels, "{0}")


def _of_level(channels: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL(OF_LEVEL).format(*(sql.Identifier(f"{name}_{word}") for word in SUMMARIES)) for name in channels
    )


def _each_column(channels: Sequence[str], template: str) -> sql.Composed:
    names = [f"{name}_{word}" for name in channels for word in SUMMARIES]
    return list_channels(names, template)
