"""Which roll-ups are behind their readings: noted with each write, sorted out by upkeep, asked for by each read.

A write may not pay for each of its rows, so it notes all its stretches in one row (`dirty_batches`). Upkeep takes
these rows within a second, brings the latest values up to date, and keeps the buckets for rolling up
(`dirty_buckets`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.reading_block import EPOCH_2000, HEADER, TRAILER
from store.rollup_levels import BUCKET_ORIGIN, LEVELS, MICROSECOND, Level, levels_of
from store.sql import load

SQL = load("dirty_buckets")
ORIGIN = int(BUCKET_ORIGIN.timestamp()) * 1_000_000
INT8, TIMESTAMPTZ = 20, 1184
"""Types of the elements of arrays, as PostgreSQL numbers them."""
ELEMENT = np.dtype([("length", ">i4"), ("value", ">i8")])
BATCHES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """What upkeep took into `taken_stretches`: `stretches` many, of readings with first <= ts <= last."""

    stretches: int
    first: datetime
    last: datetime


def note_written(
    connection: Connection, device_model: DeviceModel, device_id: NDArray[np.int64], ts: NDArray[np.int64]
) -> None:
    """Note that these readings (at least one; sorted by device and ts, microseconds since 1970) are being written.

    To be called in their transaction: either both are committed, or neither.
    """
    bucket = (ts - ORIGIN) // (finest_of(device_model).width // MICROSECOND)
    begins = (device_id[1:] != device_id[:-1]) | (bucket[1:] != bucket[:-1])
    first = np.concatenate(([0], np.flatnonzero(begins) + 1))
    last = np.concatenate((first[1:], [len(ts)])) - 1
    name = device_model.name.encode()
    fields = (
        name,
        _array(INT8, device_id[first]),
        _array(TIMESTAMPTZ, ts[first] - EPOCH_2000),
        _array(TIMESTAMPTZ, ts[last] - EPOCH_2000),
    )
    row = struct.pack(">h", len(fields)) + b"".join(struct.pack(">i", len(field)) + field for field in fields)
    with connection.cursor() as cursor, cursor.copy(SQL["note_written"]) as copy:
        copy.write(HEADER + row + TRAILER)


def hold_upkeep(connection: Connection, device_model: DeviceModel) -> bool:
    """Take the upkeep of a device model until the transaction ends, unless another process holds it."""
    row = connection.execute(SQL["hold_upkeep"], {"device_model": device_model.name}).fetchone()
    return row is not None and bool(row[0])


def take(connection: Connection, device_model: DeviceModel) -> Taken | None:
    """Move what writers noted into the temporary table `taken_stretches`, at most 500 writes; None when there is none.

    The caller holds the device model's upkeep, and does with it what is to be done before it commits.
    """
    connection.execute(SQL["create_taken"])
    connection.execute(SQL["empty_taken"])
    connection.execute(SQL["take"], {"device_model": device_model.name, "limit": BATCHES_AT_ONCE})
    row = connection.execute(SQL["extent_of_taken"]).fetchone()
    assert row is not None
    if not row[0]:
        return None
    connection.execute(SQL["analyze_taken"])
    return Taken(*row)


def keep_for_rolling_up(connection: Connection, device_model: DeviceModel) -> None:
    """Note the buckets of `taken_stretches` as dirty; those that are so already stay as they are."""
    connection.execute(
        SQL["keep_taken"],
        {
            "device_model": device_model.name,
            "origin": BUCKET_ORIGIN,
            "width": finest_of(device_model).width,
        },
    )


def mark_all(connection: Connection, device_model: DeviceModel) -> None:
    """Have everything that is stored of a device model rolled up again: a level came into being after its readings."""
    statement = sql.SQL(SQL["mark_all"]).format(table=sql.Identifier(device_model.readings_table))
    parameters = {"device_model": device_model.name, "origin": BUCKET_ORIGIN, "width": finest_of(device_model).width}
    connection.execute(statement, parameters)


def dirty_starts(
    connection: Connection, device_model: DeviceModel, *, device_id: int, since: datetime, until: datetime
) -> Iterable[datetime]:
    """Starts of the finest buckets of a device between two instants that are not rolled up as they stand."""
    finest = finest_of(device_model)
    parameters = {
        "device_model": device_model.name,
        "device_id": device_id,
        "since": finest.floor(since),
        "until": until,
    }
    starts: set[datetime] = set()
    for first, last in connection.execute(SQL["of_device"], parameters):
        start = finest.floor(max(first, since))
        while start <= min(last, until):
            starts.add(start)
            start += finest.width
    return starts


def finest_of(device_model: DeviceModel) -> Level:
    """The level by whose buckets dirtiness is told; a device model without roll-ups tells it by the coarsest."""
    return next(iter(levels_of(device_model)), LEVELS[-1])


def _array(element_type: int, values: NDArray[np.int64]) -> bytes:
    """A one-dimensional array without NULL on PostgreSQL's wire."""
    elements = np.empty(len(values), ELEMENT)
    elements["length"] = 8
    elements["value"] = values
    return struct.pack(">iiIii", 1, 0, element_type, len(values), 1) + elements.tobytes()
