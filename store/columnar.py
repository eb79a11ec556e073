"""Columnar compression of readings: only where the licence of TimescaleDB allows it."""

from __future__ import annotations

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.sql import load

SQL = load("columnar")


def keep_columnar(connection: Connection, device_model: DeviceModel) -> None:
    """Have chunks of readings compressed when nothing is written to them any more; once done it stays so. How large a
    late batch may be is a setting of the database, which a restore into another one leaves behind: set each time.

    Roll-ups stay as rows, because they are corrected in place. Raises psycopg.errors.FeatureNotSupported on any other
    tier than `Tier.COMMUNITY`.
    """
    table = {"table": device_model.readings_table}
    connection.execute(sql.SQL(SQL["lift_limit"]).format(database=sql.Identifier(connection.info.dbname)))
    row = connection.execute(SQL["is_columnar"], table).fetchone()
    if row is not None and row[0]:
        return
    connection.execute(sql.SQL(SQL["make_columnar"]).format(table=sql.Identifier(device_model.readings_table)))
    connection.execute(SQL["compress_quiet_chunks"], table)
