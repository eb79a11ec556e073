"""Reading readings back: ranges for charts, and the latest values of a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection, Tier, detect_tier
from store.sql import load

SQL = load("readings")
BUCKET_ORIGIN = datetime.fromisoformat("2000-01-03T00:00:00+00:00")
"""A Monday: the same on every tier, so that the same readings fall into the same buckets."""
RECENT_ROWS = 100


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
