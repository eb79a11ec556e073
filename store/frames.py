"""Readings and events as data frames: what training and scoring read.

Apart from the other reading, because pandas takes a second to import, and ingest and the API do without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from domain.device import EventKind
from domain.device_model import AttributeKind, DeviceModel
from store.database import Connection
from store.reading_block import EPOCH_2000
from store.readings import list_channels
from store.sql import load

READINGS = load("readings")
EVENTS = load("events")
DEVICES = load("devices")
COPY_HEADER = 19
COPY_TRAILER = 2
ROWS_AT_ONCE = 8_192
"""What is turned from rows to columns within a processor's cache."""


def has_readings(connection: Connection, device_model: DeviceModel, *, until: datetime) -> bool:
    """Whether the device model has a reading with ts < until."""
    statement = sql.SQL(READINGS["any_before"]).format(table=sql.Identifier(device_model.readings_table))
    row = connection.execute(statement, {"until": until}).fetchone()
    return row is not None and bool(row[0])


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
    statement = sql.SQL(READINGS["copy_out"]).format(
        table=sql.Identifier(device_model.readings_table),
        values=list_channels(channels, "coalesce({0}, 'NaN')"),
    )
    parameters = {"since": since, "until": until, "devices": None if devices is None else list(devices)}
    return copy_frame(connection, device_model, statement, parameters)


def read_events_frame(
    connection: Connection,
    device_model: DeviceModel,
    *,
    until: datetime | None = None,
    devices: Sequence[str] | None = None,
    others_since: datetime | None = None,
) -> pd.DataFrame:
    """Events before `until` of all devices of one model or the named ones, sorted by device and ts; of kinds other
    than failure and maintenance only those from `others_since` on.

    Columns: device, ts (UTC), kind, code, component, failure_mode. failure_mode is, for a failure, the mode that
    lists its code (else the code itself); for any other kind `detail.failure_mode`, or empty.
    """
    parameters = {
        "device_model": device_model.name,
        "until": until,
        "devices": None if devices is None else list(devices),
        "others_since": others_since,
    }
    rows = connection.execute(EVENTS["of_model"], parameters).fetchall()
    modes = {code: mode.name for mode in device_model.failure_modes for code in mode.event_codes}
    frame = pd.DataFrame(rows, columns=["device", "ts", "kind", "code", "component", "failure_mode"])
    frame["ts"] = _instants(frame["ts"])
    failures = frame["kind"] == EventKind.FAILURE
    codes = frame.loc[failures, "code"]
    frame.loc[failures, "failure_mode"] = codes.map(modes).fillna(codes)
    return frame


def read_devices_frame(
    connection: Connection, device_model: DeviceModel, *, devices: Sequence[str] | None = None
) -> pd.DataFrame:
    """All devices of one model or the named ones, by name.

    Columns: device, installed_at (UTC, NaT where not known), and one column per attribute that the catalog declares:
    numbers as floats, categories as text; None or NaN where a device has none or what it has is no number.
    """
    rows = _of_devices(connection, DEVICES["known_of_devices"], device_model, devices)
    frame = pd.DataFrame([row[:2] for row in rows], columns=["device", "installed_at"])
    frame["installed_at"] = _instants(frame["installed_at"])
    for attribute in device_model.attributes:
        values = pd.Series([row[2].get(attribute.name) for row in rows], dtype="object")
        if attribute.kind is AttributeKind.NUMBER:
            values = pd.to_numeric(values, errors="coerce").astype("float64")
        frame[attribute.name] = values
    return frame


def read_components_frame(
    connection: Connection, device_model: DeviceModel, *, devices: Sequence[str] | None = None
) -> pd.DataFrame:
    """Every component that was ever built into all devices of one model or the named ones.

    Columns: device, component, installed_at (UTC). Sorted by device and installed_at.
    """
    rows = _of_devices(connection, DEVICES["components_of_devices"], device_model, devices)
    frame = pd.DataFrame(rows, columns=["device", "component", "installed_at"])
    frame["installed_at"] = _instants(frame["installed_at"])
    return frame


def _of_devices(
    connection: Connection, statement: LiteralString, device_model: DeviceModel, devices: Sequence[str] | None
) -> list[tuple[Any, ...]]:
    parameters = {"device_model": device_model.name, "devices": None if devices is None else list(devices)}
    return connection.execute(statement, parameters).fetchall()


def _instants(column: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_datetime(column, utc=True).astype("datetime64[us, UTC]")


def copy_frame(
    connection: Connection, device_model: DeviceModel, statement: sql.Composed, parameters: Mapping[str, object]
) -> pd.DataFrame:
    """The frame of `read_frame` from a binary COPY of device_id, ts and the channels, in any order; a row that comes
    repeatedly is in it once."""
    channels = [channel.name for channel in device_model.channels]
    content = copy_out(connection, statement, parameters)
    rows = np.frombuffer(content, copy_row(channels), offset=COPY_HEADER, count=_rows(content, channels))
    ids = np.unique(rows["device_id"]).tolist()
    names: dict[int, str] = dict(connection.execute(DEVICES["names_of"], {"ids": ids}).fetchall())
    return frame_of(rows, channels, names)


def copy_out(connection: Connection, statement: sql.Composed, parameters: Mapping[str, object]) -> bytearray:
    """All that a binary COPY sends, a row a message: the header comes with the first row, the trailer alone, or both
    without a row. psycopg waits for every row anew, which costs more than the row; what has arrived is taken without,
    but for what follows the trailer, by which psycopg knows the end. Raises the database's error when it breaks off.
    """
    content = bytearray()
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        for piece in copy:
            content += piece
            size = len(piece)
            while size > COPY_HEADER + COPY_TRAILER:
                size, arrived = connection.pgconn.get_copy_data(1)
                if size < 0:
                    raise _broken_off(connection)
                content += arrived
    return content


def _broken_off(connection: Connection) -> psycopg.Error:
    """What the database says of a COPY that ended before its trailer."""
    said = connection.pgconn.get_result()
    while connection.pgconn.get_result() is not None:
        pass
    return psycopg.errors.error_from_result(said) if said else psycopg.OperationalError("the connection broke")


def _rows(content: bytearray, channels: Sequence[str]) -> int:
    return (len(content) - COPY_HEADER - COPY_TRAILER) // copy_row(channels).itemsize


def copy_row(channels: Sequence[str]) -> np.dtype[np.void]:
    """One row of a binary COPY: the number of fields, then each field after its length."""
    value = np.dtype([("length", ">i4"), ("value", ">f8")])
    return np.dtype(
        [
            ("fields", ">i2"), ("length_0", ">i4"), ("device_id", ">i8"), ("length_1", ">i4"), ("ts", ">i8"),
            ("channels", value, (len(channels),)),
        ]
    )  # fmt: skip


def frame_of(rows: np.ndarray, channels: Sequence[str], names: Mapping[int, str]) -> pd.DataFrame:
    """The frame of `read_frame` from rows of a binary COPY; `names` are the devices' names by id."""
    by_name = sorted(names, key=names.__getitem__)
    id_order = np.argsort(np.array(by_name, dtype=np.int64))
    known = np.array(by_name, dtype=np.int64)[id_order]
    listed = np.isin(rows["device_id"], known)
    rows = rows if listed.all() else rows[listed]
    ids, ts = rows["device_id"].astype(np.int64), rows["ts"].astype(np.int64) + EPOCH_2000
    rank = id_order[np.searchsorted(known, ids)] if len(known) else ids
    order = np.lexsort((ts, rank))
    order = order[np.append(True, (np.diff(rank[order]) != 0) | (np.diff(ts[order]) != 0))[: len(order)]]
    values = np.empty((len(channels), len(order)))
    for start in range(0, len(order), ROWS_AT_ONCE):
        here = slice(start, start + ROWS_AT_ONCE)
        values[:, here] = rows["channels"]["value"][order[here]].T
    frame = pd.DataFrame(values.T, columns=list(channels), copy=False)
    device = pd.Series(np.array([names[key] for key in by_name], dtype=object)[rank[order]], dtype="str")
    frame.insert(0, "device", device)
    frame.insert(1, "ts", pd.to_datetime(ts[order], unit="us", utc=True))
    return frame
