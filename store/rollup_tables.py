"""The tables beside the readings of a device model: one for each level of roll-ups, and one of latest values."""

from __future__ import annotations

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection, Tier
from store.dirty_buckets import mark_all
from store.rollup_levels import levels_of
from store.sql import load

SQL = load("rollups")
DATABASE = load("database")
SUMMARIES = {"count": "integer", "min": "double precision", "max": "double precision", "sum": "double precision"}
LATEST = {"value": "double precision", "at": "timestamptz"}
"""What is kept of each channel, a column each, named by channel and one of these words."""


def sync_rollup_tables(connection: Connection, device_model: DeviceModel, tier: Tier) -> None:
    """Make the tables that are missing, and the columns of new channels. Needs the readings table.

    Readings that are older than their roll-ups are marked to be rolled up.
    """
    created = False
    for level in levels_of(device_model):
        table = level.table(device_model)
        if not _columns(connection, table):
            created = True
            connection.execute(sql.SQL(SQL["create_rollup"]).format(table=sql.Identifier(table)))
            if tier.has_hypertables:
                connection.execute(SQL["create_hypertable"], {"table": table, "chunk": level.chunk})
        _add_columns(connection, device_model, table, SUMMARIES)
    table = latest_table(device_model)
    connection.execute(sql.SQL(SQL["create_latest"]).format(table=sql.Identifier(table)))
    _add_columns(connection, device_model, table, LATEST)
    if created:
        mark_all(connection, device_model)


def latest_table(device_model: DeviceModel) -> str:
    """Name of the table of a device model's latest values."""
    return f"latest_{device_model.name}"


def _columns(connection: Connection, table: str) -> set[str]:
    return {name for (name,) in connection.execute(DATABASE["table_columns"], {"table": table})}


def _add_columns(connection: Connection, device_model: DeviceModel, table: str, words: dict[str, str]) -> None:
    existing = _columns(connection, table)
    missing = [
        sql.SQL("ADD COLUMN {} {}").format(sql.Identifier(f"{channel.name}_{word}"), sql.SQL(kind))
        for channel in device_model.channels
        for word, kind in words.items()
        if f"{channel.name}_{word}" not in existing
    ]
    if missing:
        statement = sql.SQL("ALTER TABLE {} {}").format(sql.Identifier(table), sql.SQL(", ").join(missing))
        connection.execute(statement)
