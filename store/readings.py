"""Reading readings back: whole frames for training, ranges for charts, the latest values of a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection, Tier, detect_tier
from store.devices import names_of_model
from store.reading_batches import EPOCH_2000
from store.sql import load

SQL = load("readings")
BUCKET_ORIGIN = datetime.fromisoformat("2000-01-03T00:00:00+00:00")
"""A Monday: the same on every tier, so that the same readings fall into the same buckets."""
RECENT_ROWS = 100
COPY_HEADER = 19
COPY_TRAILER = 2


@dataclass(frozen=True, slots=True)
class ChannelRange:
    """Least, mean and greatest value in each bucket; None where the channel has no value."""

    low: Sequence[float | None]
    mean: Sequence[float | None]
    high: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class ReadingRange:
    """Readings of one device over a range. `ts` are the starts of the buckets, or the readings' own instants when
    `bucket` is None: then there were few enough to give each as it is."""

    bucket: timedelta | None
    ts: Sequence[datetime]
    channels: Mapping[str, ChannelRange]


def read_frame(
    connection: Connection,
    device_model: DeviceModel,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    devices: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Readings of one device model with since <= ts < until, of all devices or the named ones.

    Columns: device (name), ts (UTC), then one float column per channel in the catalog's order, NaN where the device
    sent none. Sorted by device and ts.
    """
    channels = [channel.name for channel in device_model.channels]
    statement = sql.SQL(SQL["copy_out"]).format(
        table=sql.Identifier(device_model.readings_table),
        values=list_channels(channels, "coalesce({0}, 'NaN')"),
    )
    parameters = {"since": since, "until": until, "devices": None if devices is None else list(devices)}
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        content = b"".join(copy)
    rows = np.frombuffer(content[COPY_HEADER:-COPY_TRAILER], dtype=copy_row(channels))
    return frame_of(rows, channels, names_of_model(connection, device_model.name))


def read_range(
    connection: Connection,
    device_model: DeviceModel,
    *,
    device_id: int,
    since: datetime,
    until: datetime,
    channels: Sequence[str] | None = None,
    points: int = 500,
) -> ReadingRange:
    """At most `points` instants (give or take one) of one device with since <= ts < until.

    channels: names from the catalog, all of them by default. Raises NotFoundError for one that it does not declare.
    """
    wanted = [device_model.channel(name).name for name in channels or [c.name for c in device_model.channels]]
    table = sql.Identifier(device_model.readings_table)
    bounds = {"device_id": device_id, "since": since, "until": until}
    statement = sql.SQL(SQL["raw_range"]).format(table=table, channels=list_channels(wanted, "{0}"))
    rows = connection.execute(statement, {**bounds, "limit": points + 1}).fetchall()
    if len(rows) <= points:
        columns = [[row[position] for row in rows] for position in range(1, len(wanted) + 1)]
        same = {name: ChannelRange(column, column, column) for name, column in zip(wanted, columns, strict=True)}
        return ReadingRange(None, [row[0] for row in rows], same)
    width = max(timedelta(seconds=1), (until - since) / points)
    bucket = "date_bin({0}, ts, {1})" if detect_tier(connection) is Tier.PLAIN else "time_bucket({0}, ts, {1})"
    statement = sql.SQL(SQL["bucketed_range"]).format(
        table=table,
        bucket=sql.SQL(bucket).format(sql.Literal(width), sql.Literal(BUCKET_ORIGIN)),
        summaries=list_channels(wanted, "min({0}), avg({0}), max({0})"),
    )
    rows = connection.execute(statement, bounds).fetchall()
    columns = [[row[position] for row in rows] for position in range(1, 3 * len(wanted) + 1)]
    summaries = {name: ChannelRange(*columns[3 * at : 3 * at + 3]) for at, name in enumerate(wanted)}
    return ReadingRange(width, [row[0] for row in rows], summaries)


def latest(connection: Connection, device_model: DeviceModel, *, device_id: int) -> dict[str, tuple[datetime, float]]:
    """The newest value of each channel with its instant, looked for in the device's last 100 rows."""
    channels = [channel.name for channel in device_model.channels]
    statement = sql.SQL(SQL["recent"]).format(
        table=sql.Identifier(device_model.readings_table), channels=list_channels(channels, "{0}")
    )
    newest: dict[str, tuple[datetime, float]] = {}
    for ts, *values in connection.execute(statement, {"device_id": device_id, "rows": RECENT_ROWS}):
        for name, value in zip(channels, values, strict=True):
            if value is not None:
                newest.setdefault(name, (ts, value))
    return newest


def list_channels(channels: Sequence[str], template: str) -> sql.Composed:
    """The template once for each channel, with `{0}` standing for its column."""
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in channels)


def copy_row(channels: Sequence[str]) -> np.dtype[np.void]:
    """One row of a binary COPY: the number of fields, then each field after its length."""
    fields = [("fields", ">i2"), ("length_0", ">i4"), ("device_id", ">i8"), ("length_1", ">i4"), ("ts", ">i8")]
    for name in channels:
        fields += [(f"length of {name}", ">i4"), (f"value of {name}", ">f8")]
    return np.dtype(fields)


def frame_of(rows: np.ndarray, channels: Sequence[str], names: Mapping[int, str]) -> pd.DataFrame:
    """The frame of `read_frame` from rows of a binary COPY; `names` are the devices' names by id."""
    ids = rows["device_id"].astype(np.int64)
    known = np.isin(ids, np.fromiter(names, np.int64, len(names)))
    rows, ids = rows[known], ids[known]
    by_name = sorted(names, key=names.__getitem__)
    id_order = np.argsort(np.array(by_name, dtype=np.int64))
    rank = id_order[np.searchsorted(np.array(by_name, dtype=np.int64)[id_order], ids)] if by_name else ids
    ts = rows["ts"].astype(np.int64) + EPOCH_2000
    order = np.lexsort((ts, rank))
    columns: dict[str, object] = {
        "device": pd.Series(np.array([names[key] for key in by_name], dtype=object)[rank[order]], dtype="str"),
        "ts": pd.to_datetime(ts[order], unit="us", utc=True),
    }
    for name in channels:
        columns[name] = rows[f"value of {name}"][order].astype(np.float64)
    return pd.DataFrame(columns)
