"""Devices that were removed: what still comes for one is not stored as its, and its readings go with it."""

from __future__ import annotations

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.rollup_levels import levels_of
from store.rollup_tables import latest_table
from store.sql import load

SQL = load("removed_devices")


def keep_devices(connection: Connection) -> None:
    """Have every device stay until the transaction ends: a removal waits for it, and it for a removal."""
    connection.execute(SQL["keep_devices"])


def latest_removal(connection: Connection) -> int:
    """Number of the latest removal, 0 before the first."""
    [(number,)] = connection.execute(SQL["latest_removal"])
    return int(number)


def removed_after(connection: Connection, removal: int) -> tuple[int, list[int]]:
    """Number of the latest removal, and ids of the devices removed after `removal`. Call `keep_devices` before it."""
    rows = connection.execute(SQL["removed_after"], {"removal": removal}).fetchall()
    return (rows[-1][0] if rows else removal), [device_id for _, device_id in rows]


def has_removed(connection: Connection, device_model: DeviceModel) -> bool:
    """Whether there are removed devices of this model whose readings are still there."""
    return connection.execute(SQL["waiting"], {"device_model": device_model.name}).fetchone() is not None


def drop_readings(connection: Connection, device_model: DeviceModel) -> int:
    """Drop readings, roll-ups and latest values of removed devices of this model, and return how many these were.

    The caller holds the device model's upkeep and has taken what writers noted.
    """
    waiting = [number for (number,) in connection.execute(SQL["waiting"], {"device_model": device_model.name})]
    if waiting:
        tables = [device_model.readings_table, latest_table(device_model), "dirty_buckets"]
        tables += [level.table(device_model) for level in levels_of(device_model)]
        for table in tables:
            statement = sql.SQL(SQL["drop_rows"]).format(table=sql.Identifier(table))
            connection.execute(statement, {"device_ids": waiting})
        connection.execute(SQL["note_dropped"], {"device_ids": waiting})
    return len(waiting)
