"""Writing readings: binary COPY straight into the wide tables, and a way round for rows that are stored already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.sql import load

SQL = load("readings")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_2000 = 946_684_800_000_000
"""Microseconds from 1970 to 2000, where PostgreSQL's timestamps begin."""

Row = Sequence[Any]
"""device_id, ts (microseconds since 1970, UTC), one float or None for each channel of the device model in the
catalog's order, then a dict of undeclared channels or None."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the rows of one write.

    merged: rows whose (device, ts) was stored already. conflicts: those of them with a value that differs from the
    stored one; the stored one stayed.
    """

    inserted: int
    merged: int = 0
    conflicts: int = 0


def write(connection: Connection, device_model: DeviceModel, rows: Sequence[Row]) -> Written:
    """Store rows, sorted by (device_id, ts) and unique in it. Rows stored already are merged, first value wins."""
    if not rows:
        return Written(0)
    try:
        with connection.transaction():
            _copy(connection, device_model, device_model.readings_table, rows)
    except psycopg.errors.UniqueViolation:
        return _merge(connection, device_model, rows)
    return Written(len(rows))


def missing_channels(connection: Connection, device_model: DeviceModel) -> list[str]:
    """Channels that the catalog declares and the readings table does not have yet; all of them without a table."""
    existing = {name for (name,) in connection.execute(load("database")["table_columns"], _table_of(device_model))}
    return [channel.name for channel in device_model.channels if channel.name not in existing]


def _table_of(device_model: DeviceModel) -> dict[str, str]:
    return {"table": device_model.readings_table}


def _columns(device_model: DeviceModel) -> sql.Composed:
    names = ["device_id", "ts", *(channel.name for channel in device_model.channels), "extra"]
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _copy(connection: Connection, device_model: DeviceModel, table: str, rows: Sequence[Row]) -> None:
    statement = sql.SQL(SQL["copy_in"]).format(table=sql.Identifier(table), columns=_columns(device_model))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", "int8", *["float8"] * len(device_model.channels), "jsonb"])
        for device_id, ts, *values in rows:
            copy.write_row((device_id, ts - EPOCH_2000, *values))


def _merge(connection: Connection, device_model: DeviceModel, rows: Sequence[Row]) -> Written:
    staging = f"staging_{device_model.readings_table}"
    channels = [channel.name for channel in device_model.channels]
    instants = [row[1] for row in rows]
    parts = {
        "table": sql.Identifier(device_model.readings_table),
        "staging": sql.Identifier(staging),
        "columns": _columns(device_model),
        "first": _instant(min(instants)),
        "last": _instant(max(instants)),
        "differs": _each(channels, "t.{0} <> s.{0}", " OR "),
        "fills": _each(channels, "{0} = coalesce(t.{0}, s.{0})", ", "),
        "gaps": _each(channels, "(t.{0} IS NULL AND s.{0} IS NOT NULL)", " OR "),
    }

    def run(name: str) -> psycopg.Cursor[Any]:
        return connection.execute(sql.SQL(SQL[name]).format(**parts))

    run("create_staging")
    _copy(connection, device_model, staging, rows)
    run("analyze_staging")
    inserted = run("insert_staged").rowcount
    conflicts = 0
    if inserted < len(rows):
        (conflicts,) = run("count_conflicts").fetchone() or (0,)
        run("fill_gaps")
    run("drop_staging")
    return Written(inserted, len(rows) - inserted, conflicts)


def _instant(ts: int) -> sql.Literal:
    return sql.Literal(EPOCH + timedelta(microseconds=ts))


def _each(channels: Sequence[str], template: str, separator: str) -> sql.Composed:
    return sql.SQL(separator).join(sql.SQL(template).format(sql.Identifier(name)) for name in channels)
