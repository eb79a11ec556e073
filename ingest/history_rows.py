"""Turns pieces of history into what the store takes, and says for each row that cannot be why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import orjson
import pandas as pd

from domain.device import Device, DeviceEvent
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError
from ingest.codecs.decoded import PayloadError, shown
from ingest.codecs.json_payloads import read_event
from ingest.codecs.timestamps import EARLIEST, LATEST, read_timestamp, to_datetime
from ingest.history_files import Piece, Rejects
from store.reading_block import ReadingBlock

NO_INSTANT = "ts is not an instant from 1990 to 2099: give ISO 8601 (UTC unless it names a zone) or epoch milliseconds"
EMPTY = frozenset({"", "nan", "na", "null", "none"})


@dataclass(frozen=True, slots=True)
class HistoryReadings:
    """Rows as `store.reading_batches.write` takes them, and what was merged on the way there."""

    block: ReadingBlock
    merged: int
    conflicts: int


def to_readings(piece: Piece, device_model: DeviceModel, ids: Mapping[str, int], rejects: Rejects) -> HistoryReadings:
    """Readings sorted by device and ts, one for each; the first value of a channel wins. `ids` are the devices."""
    rows = piece.rows
    channels = [channel.name for channel in device_model.channels]
    device_ids = rows["device"].map(ids)
    ts = _microseconds(rows["ts"])
    reasons = pd.Series("", index=rows.index, dtype=object)
    numbers = {}
    for name in channels:
        numbers[name], bad = _numbers(rows[name])
        reasons[bad & (reasons == "")] = f"{name} is not a finite number"
    table = pd.DataFrame(numbers)
    reasons[table.isna().all(axis=1) & (reasons == "")] = "no channel has a value"
    reasons[ts.isna()] = NO_INSTANT
    reasons[device_ids.isna()] = "the device is not registered with this device model"
    for position in map(int, np.flatnonzero(reasons != "")):
        rejects.add(int(piece.lines[position]), reasons.iloc[position], rows.iloc[position].tolist())
    good = reasons == ""
    table.insert(0, "ts", ts)
    table.insert(0, "device_id", device_ids)
    return _merge(table[good].astype({"device_id": "int64", "ts": "int64"}))


def to_events(piece: Piece, rejects: Rejects) -> Iterator[tuple[int, DeviceEvent]]:
    """Events with their line numbers. Their devices are still to be looked up."""
    for line, row in zip(piece.lines, piece.rows.to_dict("records"), strict=True):
        try:
            entry = {
                "ts": _instant_text(row["ts"]),
                "kind": row["kind"],
                "code": _text(row["code"]),
                "component": _text(row["component"]),
                "detail": _detail(row["detail"]),
            }
            yield int(line), read_event(str(row["device"]), entry)
        except (InvalidInputError, PayloadError) as error:
            rejects.add(int(line), str(error), list(row.values()))


def to_devices(piece: Piece, device_model: DeviceModel, rejects: Rejects) -> list[Device]:
    """Devices of one device model; without a service centre they belong to `main`."""
    devices = []
    for line, row in zip(piece.lines, piece.rows.to_dict("records"), strict=True):
        try:
            installed_at = _instant_text(row["installed_at"])
            devices.append(
                Device(
                    name=_text(row["name"]),
                    device_model=device_model.name,
                    serial=_text(row["serial"]),
                    customer=_text(row["customer"]),
                    site=_text(row["site"]),
                    service_centre=_text(row["service_centre"]) or "main",
                    installed_at=to_datetime(read_timestamp(installed_at)) if installed_at else None,
                    firmware=_text(row["firmware"]),
                )
            )
        except (InvalidInputError, PayloadError) as error:
            rejects.add(int(line), str(error), list(row.values()))
    return devices


def _merge(table: pd.DataFrame) -> HistoryReadings:
    keys = ["device_id", "ts"]
    repeated = table.duplicated(keys, keep=False)
    merged = conflicts = 0
    if repeated.any():
        groups = table[repeated].groupby(keys)
        merged = int(repeated.sum()) - groups.ngroups
        conflicts = int((groups.nunique() > 1).any(axis=1).sum())
        table = pd.concat([table[~repeated], groups.first().reset_index()])
    table = table.sort_values(keys)
    channels = table.drop(columns=keys).to_numpy(dtype=float)
    return HistoryReadings(
        ReadingBlock(table["device_id"].to_numpy(), table["ts"].to_numpy(), channels), merged, conflicts
    )


def _microseconds(texts: pd.Series) -> pd.Series:
    """Microseconds since 1970 as Int64, missing where it is no instant from 1990 to 2099."""
    if pd.api.types.is_datetime64_any_dtype(texts):
        instants = pd.to_datetime(texts, utc=True)
        ts = pd.Series(instants.dt.as_unit("us").astype("int64"), index=texts.index).astype("Int64")
        ts = ts.mask(instants.isna())
    elif pd.api.types.is_numeric_dtype(texts):
        ts = (texts * 1000).astype("Int64")
    else:
        texts = texts.astype("str").str.strip()
        digits = texts.str.fullmatch(r"\d{1,15}")
        ts = (pd.to_numeric(texts.where(digits), errors="coerce") * 1000).astype("Int64")
        if not digits.all():
            instants = pd.to_datetime(texts.where(~digits), format="ISO8601", utc=True, errors="coerce")
            ts = ts.where(digits, instants.dt.as_unit("us").astype("int64").astype("Int64").mask(instants.isna()))
    return ts.mask(~((ts >= EARLIEST) & (ts < LATEST)).fillna(False))


def _numbers(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The numbers of a column, NaN where it is empty, and which of its fields are something else."""
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    bad = numbers.isin([np.inf, -np.inf])
    missing = numbers.isna()
    if missing.any() and not pd.api.types.is_numeric_dtype(texts):
        bad |= missing & texts.notna() & ~texts.astype("str").str.strip().str.lower().isin(EMPTY)
    return numbers, bad


def _text(value: object) -> str:
    """A field as text; what a data frame leaves out is empty."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    text = str(value).strip()
    if not text.isprintable():
        raise InvalidInputError(f"{shown(text)} has control characters")
    return text


def _instant_text(value: object) -> object:
    """What `read_timestamp` takes: in history an instant without a zone is UTC."""
    if isinstance(value, int | float) and not pd.isna(value):
        return value
    if isinstance(value, datetime) and not pd.isna(value):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    text = _text(value)
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return instant.replace(tzinfo=instant.tzinfo or UTC).isoformat()


def _detail(value: object) -> object:
    if isinstance(value, dict):
        return value
    text = _text(value)
    try:
        return orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        raise PayloadError("event", f"detail is not a JSON object: {text[:40]}") from None
