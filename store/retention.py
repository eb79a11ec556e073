"""Drops readings and roll-ups that a device model keeps no longer: whole chunks, at the same instants on every tier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection, Tier
from store.dirty_buckets import Taken
from store.rollup_levels import levels_of
from store.sql import load

SQL = load("retention")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
READINGS_CHUNK = timedelta(days=7)
"""Length of the chunks of readings, which are dropped whole."""


def retained_from(connection: Connection, device_model: DeviceModel) -> datetime:
    """Readings before this instant were dropped; an instant before all readings when none ever were."""
    row = connection.execute(SQL["retained_from"], {"device_model": device_model.name}).fetchone()
    return row[0] if row else ALWAYS


def is_due(connection: Connection, device_model: DeviceModel, now: datetime) -> bool:
    """Whether there is a chunk of readings to drop."""
    if device_model.retention is None:
        return False
    return retained_from(connection, device_model) < cut_off(now, device_model.retention, READINGS_CHUNK)


def drop_expired(connection: Connection, device_model: DeviceModel, tier: Tier, now: datetime) -> datetime:
    """Drop what is older than the device model keeps, and return from when on its readings are kept.

    The caller holds the device model's upkeep and has rolled up everything that is dirty.
    """
    assert device_model.retention is not None
    until = cut_off(now, device_model.retention, READINGS_CHUNK)
    _drop(connection, tier, device_model.readings_table, "ts", until)
    connection.execute(SQL["move"], {"device_model": device_model.name, "until": until})
    if device_model.rollup_retention is not None:
        for level in levels_of(device_model):
            oldest = cut_off(now, device_model.rollup_retention, level.chunk)
            _drop(connection, tier, level.table(device_model), "bucket", oldest)
    return until


def remove_too_late(connection: Connection, device_model: DeviceModel, taken: Taken) -> int:
    """Remove readings of `taken_stretches` whose time was dropped before they came; count and return how many."""
    oldest = retained_from(connection, device_model)
    if taken.first >= oldest:
        return 0
    statement = sql.SQL(SQL["remove_too_late"]).format(table=sql.Identifier(device_model.readings_table))
    removed = connection.execute(statement, {"oldest": oldest}).rowcount
    connection.execute(SQL["count_too_late"], {"device_model": device_model.name, "count": removed})
    connection.execute(SQL["forget_too_late"], {"oldest": oldest})
    return removed


def cut_off(now: datetime, kept: timedelta, chunk: timedelta) -> datetime:
    """The latest edge of a chunk that is not younger than `kept`. TimescaleDB counts chunks from 1970."""
    oldest = now - kept
    return oldest - (oldest - EPOCH) % chunk


def _drop(connection: Connection, tier: Tier, table: str, column: str, until: datetime) -> None:
    if tier.has_hypertables:
        connection.execute(SQL["drop_chunks"], {"table": table, "until": until})
        return
    statement = sql.SQL(SQL["delete"]).format(table=sql.Identifier(table), column=sql.Identifier(column))
    connection.execute(statement, {"until": until})
