"""What scoring reads: the look-back that the latest reading's features depend on, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.frames import copy_frame, read_events_frame
from store.readings import list_channels
from store.sql import load

SQL = load("predictions")
FIRST_LIFE = datetime.min.replace(year=1900, tzinfo=UTC)
"""Before every reading: the start of a life that no renewal preceded."""


def devices_to_score(connection: Connection, device_model: DeviceModel, *, since: datetime) -> Sequence[str]:
    """Names of the devices that sent something since `since`, in order."""
    rows = connection.execute(SQL["devices_to_score"], {"device_model": device_model.name, "since": since})
    return [name for (name,) in rows]


def latest_readings(
    connection: Connection, device_model: DeviceModel, *, devices: Sequence[str], until: datetime
) -> dict[str, datetime]:
    """When each device sent its latest reading with ts < until; a device without one is absent."""
    statement = sql.SQL(SQL["latest_readings"]).format(table=sql.Identifier(device_model.readings_table))
    return dict(connection.execute(statement, {"devices": list(devices), "until": until}).fetchall())


def read_scoring_frame(
    connection: Connection,
    device_model: DeviceModel,
    *,
    until: datetime,
    life_starts: Sequence[tuple[str, datetime]],
    further: timedelta = timedelta(),
) -> pd.DataFrame:
    """Readings of the devices that `life_starts` names, in the form of `store.readings.read_frame`.

    Of each device, the longest window and `further` before its latest reading with ts < until, and the first
    `baseline` after the start of each life that this reading belongs to; a device may stand in `life_starts` once per
    failure mode.
    """
    channels = [channel.name for channel in device_model.channels]
    statement = sql.SQL(SQL["copy_scoring_rows"]).format(
        table=sql.Identifier(device_model.readings_table), values=list_channels(channels, "coalesce({0}, 'NaN')")
    )
    parameters = {
        "window": device_model.features.look_back + further,
        "until": until,
        "devices": [device for device, _ in life_starts],
        "starts": [start for _, start in life_starts],
        "baseline": device_model.features.baseline,
    }
    return copy_frame(connection, device_model, statement, parameters)


def read_scoring_events(
    connection: Connection,
    device_model: DeviceModel,
    *,
    devices: Sequence[str],
    until: datetime,
    further: timedelta = timedelta(),
) -> pd.DataFrame:
    """Events of the named devices before `until`, in the form of `store.frames.read_events_frame`.

    Every failure and all maintenance, which tell where lives begin; of other kinds those that the windows of a reading
    may hold that is still to be scored, or that lies `further` before it.
    """
    counted_since = until - silence_allowed(device_model) - device_model.features.look_back - further
    return read_events_frame(connection, device_model, until=until, devices=devices, others_since=counted_since)


def silence_allowed(device_model: DeviceModel) -> timedelta:
    """A device that sent nothing for longer has been scored on all that it sent."""
    return device_model.features.look_back + device_model.reading_interval
