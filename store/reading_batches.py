"""Writing readings: binary COPY straight into the wide tables, and a way round for rows that are stored already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.dirty_buckets import note_written
from store.reading_block import ReadingBlock, copy_format
from store.sql import load

SQL = load("readings")
GAPS_OF_EXTRA = "s.extra || coalesce(t.extra, '{}') IS DISTINCT FROM coalesce(t.extra, s.extra || '{}')"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the rows of one write.

    merged: rows whose (device, ts) was stored already. conflicts: those of them with a value that differs from the
    stored one; the stored one stayed.
    """

    inserted: int
    merged: int = 0
    conflicts: int = 0


def write(connection: Connection, device_model: DeviceModel, block: ReadingBlock) -> Written:
    """Store the rows of one device model. Rows stored already are merged, first value wins."""
    if not len(block):
        return Written(0)
    note_written(connection, device_model, block.device_id, block.ts)
    stream = copy_format(block)
    try:
        with connection.transaction():
            _copy(connection, device_model, device_model.readings_table, stream)
    except psycopg.errors.UniqueViolation:
        return _merge(connection, device_model, block, stream)
    return Written(len(block))


def missing_channels(connection: Connection, device_model: DeviceModel) -> list[str]:
    """Channels that the catalog declares and the readings table does not have yet; all of them without a table."""
    existing = {name for (name,) in connection.execute(load("database")["table_columns"], _table_of(device_model))}
    return [channel.name for channel in device_model.channels if channel.name not in existing]


def _table_of(device_model: DeviceModel) -> dict[str, str]:
    return {"table": device_model.readings_table}


def _columns(device_model: DeviceModel) -> sql.Composed:
    names = ["device_id", "ts", *(channel.name for channel in device_model.channels), "extra"]
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _copy(connection: Connection, device_model: DeviceModel, table: str, stream: bytes) -> None:
    statement = sql.SQL(SQL["copy_in"]).format(table=sql.Identifier(table), columns=_columns(device_model))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(stream)


def _merge(connection: Connection, device_model: DeviceModel, block: ReadingBlock, stream: bytes) -> Written:
    staging = f"staging_{device_model.readings_table}"
    channels = [channel.name for channel in device_model.channels]
    parts = {
        "table": sql.Identifier(device_model.readings_table),
        "staging": sql.Identifier(staging),
        "columns": _columns(device_model),
        "first": _instant(int(block.ts.min())),
        "last": _instant(int(block.ts.max())),
        "differs": _each(channels, "t.{0} <> s.{0}", " OR "),
        "fills": _each(channels, "{0} = coalesce(t.{0}, s.{0})", ", "),
        "gaps": sql.SQL("({} OR {})").format(
            _each(channels, "(t.{0} IS NULL AND s.{0} IS NOT NULL)", " OR "), sql.SQL(GAPS_OF_EXTRA)
        ),
        "devices": sql.Literal(np.unique(block.device_id).tolist()),
    }

    def run(name: str, **narrower: sql.Composable) -> psycopg.Cursor[Any]:
        return connection.execute(sql.SQL(SQL[name]).format(**{**parts, **narrower}))

    run("create_staging")
    _copy(connection, device_model, staging, stream)
    run("analyze_staging")
    inserted = run("insert_staged").rowcount
    conflicts = 0
    if inserted < len(block):
        [(conflicts, *gaps)] = run("compare_staged")
        if gaps[0]:
            run("fill_gaps", **dict(zip(("devices", "first", "last"), map(sql.Literal, gaps), strict=True)))
    run("drop_staging")
    return Written(inserted, len(block) - inserted, conflicts)


def _instant(ts: int) -> sql.Literal:
    return sql.Literal(EPOCH + timedelta(microseconds=ts))


def _each(channels: Sequence[str], template: str, separator: str) -> sql.Composed:
    return sql.SQL(separator).join(sql.SQL(template).format(sql.Identifier(name)) for name in channels)
