"""Reading readings back: ranges for charts, at any resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection, Tier, detect_tier
from store.dirty_buckets import dirty_starts
from store.retention import retained_from
from store.rollup_cover import Cover, Stretch, cover
from store.rollup_levels import BUCKET_ORIGIN, Level, choose_level, levels_of
from store.sql import load

SQL = load("readings")
NARROWEST = timedelta(seconds=1)
QUICKLY_READ = 10_000
"""Readings that are summed up as quickly as their roll-ups are looked for, and in buckets of any width."""


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


@dataclass(frozen=True, slots=True)
class _Source:
    """A table to read summaries of channels from, and the stretches of it that are wanted."""

    table: str
    column: str
    summaries: str
    stretches: Sequence[Stretch]


BOUNDED = "CASE WHEN {0} IS NOT NULL THEN least(greatest({0}, -1e290), 1e290) END"
"""What a value adds to a sum, and so to a mean: a sum beyond the range of a double would be an error."""
OF_READINGS = "r.{0} AS {1}, r.{0} AS {2}, " + BOUNDED + " AS {3}, (r.{0} IS NOT NULL)::integer AS {4}"
OF_ROLLUP = "r.{1}, r.{2}, r.{3}, r.{4}"
SUMMARY = "min({1}), sum({3}) / nullif(sum({4}), 0), max({2})"


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

    Readings that are few are given as they are; many are summed up in buckets, out of roll-ups where these are wide
    enough. What was written a moment ago is in it, and so is what came late. Of the time whose readings were dropped
    there is the finest roll-up at best. channels: names from the catalog, all of them by default. Raises NotFoundError
    for one that it does not declare.
    """
    wanted = [device_model.channel(name).name for name in channels or [c.name for c in device_model.channels]]
    levels = levels_of(device_model)
    kept_from = retained_from(connection, device_model)
    width = max(NARROWEST, (until - since) / points)
    if levels and since < kept_from:
        finest = levels[0]
        width = max(width, finest.width)
        since, until = finest.floor(since), max(until, min(finest.ceil(until), kept_from))
    else:
        each = _read_each(connection, device_model, wanted, device_id, since, until, points)
        if each is not None:
            return each
        if until - since <= QUICKLY_READ * device_model.reading_interval:
            levels = ()
    level = choose_level(levels, width)
    if level is None:
        sources = [_Source(device_model.readings_table, "ts", OF_READINGS, [(since, until)])]
    else:
        width = level.rounded_up(width)
        fresh = max(since, kept_from)
        dirty = dirty_starts(connection, device_model, device_id=device_id, since=fresh, until=until)
        parts = cover(since, until, level=level, finest=levels[0], dirty=dirty)
        sources = _sources(device_model, level, levels[0], parts)
    statement = _summarise(connection, wanted, sources, width)
    rows = connection.execute(statement, {"device_id": device_id}).fetchall()
    columns = [[row[position] for row in rows] for position in range(1, 3 * len(wanted) + 1)]
    summaries = {name: ChannelRange(*columns[3 * at : 3 * at + 3]) for at, name in enumerate(wanted)}
    return ReadingRange(width, [row[0] for row in rows], summaries)


def list_channels(channels: Sequence[str], template: str) -> sql.Composed:
    """The template once for each channel, with `{0}` standing for its column."""
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in channels)


def _read_each(
    connection: Connection,
    device_model: DeviceModel,
    wanted: Sequence[str],
    device_id: int,
    since: datetime,
    until: datetime,
    points: int,
) -> ReadingRange | None:
    """Every reading as it is, or None when there are more than `points`."""
    statement = sql.SQL(SQL["raw_range"]).format(
        table=sql.Identifier(device_model.readings_table), channels=list_channels(wanted, "{0}")
    )
    parameters = {"device_id": device_id, "since": since, "until": until, "limit": points + 1}
    rows = connection.execute(statement, parameters).fetchall()
    if len(rows) > points:
        return None
    columns = [[row[position] for row in rows] for position in range(1, len(wanted) + 1)]
    same = {name: ChannelRange(column, column, column) for name, column in zip(wanted, columns, strict=True)}
    return ReadingRange(None, [row[0] for row in rows], same)


def _sources(device_model: DeviceModel, level: Level, finest: Level, parts: Cover) -> list[_Source]:
    sources = [
        _Source(level.table(device_model), "bucket", OF_ROLLUP, parts.level),
        _Source(finest.table(device_model), "bucket", OF_ROLLUP, parts.finest),
        _Source(device_model.readings_table, "ts", OF_READINGS, parts.raw),
    ]
    return [source for source in sources if source.stretches]


def _summarise(
    connection: Connection, wanted: Sequence[str], sources: Sequence[_Source], width: timedelta
) -> sql.Composed:
    bucket = "date_bin({0}, ts, {1})" if detect_tier(connection) is Tier.PLAIN else "time_bucket({0}, ts, {1})"
    pieces = [
        sql.SQL(SQL["piece"]).format(
            table=sql.Identifier(source.table),
            column=sql.Identifier(source.column),
            summaries=_of_channels(wanted, source.summaries),
            starts=sql.Literal([start for start, _ in source.stretches]),
            ends=sql.Literal([end for _, end in source.stretches]),
            first=sql.Literal(source.stretches[0][0]),
            last=sql.Literal(source.stretches[-1][1]),
        )
        for source in sources
    ]
    return sql.SQL(SQL["summarise"]).format(
        bucket=sql.SQL(bucket).format(sql.Literal(width), sql.Literal(BUCKET_ORIGIN)),
        summaries=_of_channels(wanted, SUMMARY),
        pieces=sql.SQL(" UNION ALL ").join(pieces),
    )


def _of_channels(channels: Sequence[str], template: str) -> sql.Composed:
    """The template once for each channel, with its column and those of its min, max, sum and count."""
    return sql.SQL(", ").join(
        sql.SQL(template).format(
            *map(sql.Identifier, (name, f"{name}_min", f"{name}_max", f"{name}_sum", f"{name}_count"))
        )
        for name in channels
    )
