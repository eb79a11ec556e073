"""Where a ticket comes from: the chain of rows back to its training run, and the readings beneath it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from domain.device_model import DeviceModel
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("lineage")


@dataclass(frozen=True, slots=True)
class ReadingRange:
    """The readings of one device after `since` until `until`; rows by column, None when there is none (any more)."""

    since: datetime
    until: datetime
    count: int
    first_at: datetime | None
    last_at: datetime | None
    first: Mapping[str, Any] | None
    last: Mapping[str, Any] | None


def trace(connection: Connection, ticket_id: int) -> dict[str, Any]:
    """The chain in one row; links that the ticket does not have are None. Raises NotFoundError."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(SQL["lineage"], {"ticket_id": ticket_id}).fetchone()
    if row is None:
        raise NotFoundError(f"ticket {ticket_id} does not exist")
    return row


def read_range(
    connection: Connection, device_model: DeviceModel, *, device_id: int, since: datetime, until: datetime
) -> ReadingRange:
    """What lies in that time of a device's raw readings."""
    table = sql.Identifier(device_model.readings_table)
    place = {"device_id": device_id, "since": since, "until": until}
    [(count, first_at, last_at)] = connection.execute(sql.SQL(SQL["readings"]).format(table=table), place)
    rows = [
        connection.execute(sql.SQL(SQL["reading"]).format(table=table), {"device_id": device_id, "ts": ts}).fetchone()
        for ts in (first_at, last_at)
    ]
    first, last = (row[0] if row else None for row in rows)
    return ReadingRange(since, until, count, first_at, last_at, first, last)
