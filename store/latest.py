"""The latest value of each channel of each device, kept by upkeep so that nobody has to scan readings for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.dirty_buckets import Taken
from store.readings import list_channels
from store.rollup_tables import latest_table
from store.sql import load

SQL = load("latest")


@dataclass(frozen=True, slots=True)
class FleetLatest:
    """Latest values of every device of one model that has sent any, by name of the device.

    ts: when each sent its newest reading. values: for each device one for each of `channels`, None where it sent none.
    """

    channels: Sequence[str]
    devices: Sequence[str]
    ts: Sequence[datetime]
    values: Sequence[list[float | None]]


def latest_of_device(
    connection: Connection, device_model: DeviceModel, *, device_id: int
) -> dict[str, tuple[datetime, float]]:
    """The newest value of each channel with its instant, as of a second ago; a channel without one is absent."""
    channels = [channel.name for channel in device_model.channels]
    statement = _statement("of_device", device_model, pairs=_each(device_model, "{0}, {1}", "at", "value"))
    row = connection.execute(statement, {"device_id": device_id}).fetchone()
    if row is None:
        return {}
    pairs = zip(channels, zip(row[::2], row[1::2], strict=True), strict=True)
    return {name: (ts, value) for name, (ts, value) in pairs if value is not None}


def latest_of_fleet(connection: Connection, device_model: DeviceModel) -> FleetLatest:
    """The latest values of every device of one model, as of a second ago."""
    statement = _statement("of_fleet", device_model, values=_each(device_model, "l.{0}", "value"))
    rows = connection.cursor(binary=True).execute(statement, {"device_model": device_model.name}).fetchall()
    return FleetLatest(
        channels=[channel.name for channel in device_model.channels],
        devices=[row[0] for row in rows],
        ts=[row[1] for row in rows],
        values=[list(row[2:]) for row in rows],
    )


def renew_latest(connection: Connection, device_model: DeviceModel, taken: Taken) -> None:
    """Bring the latest values up to the readings of `taken_stretches`; a late reading never replaces a newer one.

    The caller holds the device model's upkeep until it commits.
    """
    channels = [channel.name for channel in device_model.channels]
    common = {"first": sql.Literal(taken.first), "last": sql.Literal(taken.last)}
    columns = _each(device_model, "{0}, {1}", "value", "at")
    replace = _statement(
        "replace",
        device_model,
        **common,
        columns=columns,
        channels=list_channels(channels, "r.{0}"),
        pairs=list_channels(channels, "r.{0}, n.ts"),
        whole=_all(channels, "r.{0} IS NOT NULL"),
        changes=_each(device_model, "{0} = EXCLUDED.{0}, {1} = EXCLUDED.{1}", "value", "at"),
    )
    merge = _statement(
        "merge",
        device_model,
        **common,
        columns=columns,
        newest=list_channels(
            channels, "max(ARRAY[date_part('epoch', r.ts), r.{0}]) FILTER (WHERE r.{0} IS NOT NULL) AS {0}"
        ),
        pairs=list_channels(channels, "f.{0}[2], to_timestamp(f.{0}[1])"),
        found_whole=_all(channels, "to_timestamp(f.{0}[1]) IS NOT DISTINCT FROM f.ts"),
        merged_whole=_all(
            [f"{name}_at" for name in channels],
            "greatest(l.{0}, EXCLUDED.{0}) IS NOT DISTINCT FROM greatest(l.ts, EXCLUDED.ts)",
        ),
        changes=_each(
            device_model,
            "{0} = CASE WHEN EXCLUDED.{1} >= coalesce(l.{1}, '-infinity') THEN EXCLUDED.{0} ELSE l.{0} END, "
            "{1} = greatest(l.{1}, EXCLUDED.{1})",
            "value",
            "at",
        ),
    )
    connection.execute(replace)
    connection.execute(merge)


def _statement(query: str, device_model: DeviceModel, **parts: sql.Composable) -> sql.Composed:
    return sql.SQL(SQL[query]).format(
        latest=sql.Identifier(latest_table(device_model)), table=sql.Identifier(device_model.readings_table), **parts
    )


def _each(device_model: DeviceModel, template: str, *words: str) -> sql.Composed:
    """The template once for each channel, with its columns that end on these words."""
    return sql.SQL(", ").join(
        sql.SQL(template).format(*(sql.Identifier(f"{channel.name}_{word}") for word in words))
        for channel in device_model.channels
    )


def _all(columns: Sequence[str], template: str) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL(template).format(sql.Identifier(name)) for name in columns)
