"""Turns pieces of history into what the store takes, and says for each row that cannot be why. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from domain.device import Device, DeviceEvent
from domain.device_model import Attribute, AttributeKind, DeviceModel
from domain.device_time import to_datetime
from domain.errors import InvalidInputError
from domain.payload_text import shown
from ingest.codecs.decoded import PayloadError
from ingest.codecs.json_payloads import read_event
from ingest.history_devices import KnownDevices
from ingest.history_instants import Instants
from ingest.history_pieces import Piece
from ingest.history_rejects import Rejects
from store.reading_block import ReadingBlock

BOOLEANS = {"true": 1, "True": 1, "TRUE": 1, "false": 0, "False": 0, "FALSE": 0}
EMPTY = frozenset({"", "nan", "na", "null", "none"})


@dataclass(frozen=True, slots=True)
class HistoryReadings:
    """Rows as `store.reading_batches.write` takes them, and what was merged on the way there."""

    block: ReadingBlock
    merged: int
    conflicts: int


def to_readings(
    piece: Piece, device_model: DeviceModel, known: KnownDevices, instants: Instants, rejects: Rejects
) -> HistoryReadings:
    """Readings sorted by device and ts, one for each; the first value of a channel wins."""
    rows = piece.rows
    channels = [channel.name for channel in device_model.channels]
    names = rows["device"].fillna("").astype("str")
    device_ids = names.map(known.ids)
    ts, reasons = instants.read(rows["ts"])
    numbers = np.full((len(rows), len(channels)), np.nan)
    for column, name in enumerate(channels):
        numbers[:, column], bad = _numbers(rows[name])
        if bad.any():
            reasons[bad & (reasons == "")] = f"{name} is not a finite number"
    reasons[np.isnan(numbers).all(axis=1) & (reasons == "")] = "no channel has a value"
    strange = device_ids.isna()
    reasons[strange] = names[strange].map(known.why_not)
    good = (reasons == "").to_numpy()
    for position in map(int, np.flatnonzero(~good)):
        rejects.add(int(piece.lines[position]), reasons.iloc[position], dict(rows.iloc[position]))
    return _merged(device_ids[good].to_numpy().astype(np.int64), ts[good], numbers[good])


def to_events(piece: Piece, instants: Instants, rejects: Rejects) -> Iterator[tuple[int, DeviceEvent]]:
    """Events with their line numbers. Their devices are still to be looked up."""
    ts, reasons = instants.read(piece.rows["ts"])
    for line, at, reason, row in zip(piece.lines, ts, reasons, piece.rows.to_dict("records"), strict=True):
        try:
            if reason:
                raise InvalidInputError(reason)
            entry = {
                "ts": at / 1000,
                "kind": row["kind"],
                "code": _text(row["code"]),
                "component": _text(row["component"]),
                "detail": _detail(row["detail"]),
            }
            yield int(line), read_event(_text(row["device"]), entry)
        except (InvalidInputError, PayloadError) as error:
            rejects.add(int(line), str(error), _by_name(row))


def to_devices(piece: Piece, device_model: DeviceModel, zone: tzinfo, rejects: Rejects) -> list[tuple[int, Device]]:
    """Devices of one device model with their line numbers; without a service centre they belong to `main`."""
    devices = []
    ts, reasons = Instants(zone).read(piece.rows["installed_at"])
    for line, at, reason, row in zip(piece.lines, ts, reasons, piece.rows.to_dict("records"), strict=True):
        try:
            installed = _text(row["installed_at"]) != ""
            if installed and reason:
                raise InvalidInputError(reason.replace("ts", "installed_at", 1))
            device = Device(
                name=_text(row["name"]),
                device_model=device_model.name,
                serial=_text(row["serial"]),
                customer=_text(row["customer"]),
                site=_text(row["site"]),
                service_centre=_text(row["service_centre"]) or "main",
                installed_at=to_datetime(int(at)) if installed else None,
                firmware=_text(row["firmware"]),
                attributes=_attributes(row, device_model.attributes),
            )
            devices.append((int(line), device))
        except (InvalidInputError, PayloadError) as error:
            rejects.add(int(line), str(error), _by_name(row))
    return devices


def _merged(device_id: NDArray[np.int64], ts: NDArray[np.int64], values: NDArray[np.float64]) -> HistoryReadings:
    """Sorted; rows of one device and ts become one."""
    order = np.lexsort((ts, device_id))  # stable: of equal keys the first to come stays first
    device_id, ts, values = device_id[order], ts[order], values[order]
    again = np.zeros(len(ts), np.bool_)
    again[1:] = (device_id[1:] == device_id[:-1]) & (ts[1:] == ts[:-1])
    if not again.any():
        return HistoryReadings(ReadingBlock(device_id, ts, values), 0, 0)
    first = np.flatnonzero(~again)
    groups = pd.DataFrame(values).groupby(np.cumsum(~again))
    conflicts = int((groups.nunique() > 1).any(axis=1).sum())
    block = ReadingBlock(device_id[first], ts[first], groups.first().to_numpy())
    return HistoryReadings(block, int(again.sum()), conflicts)


def _numbers(fields: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The numbers of a column, NaN where it is empty, and which of its fields are something else."""
    if pd.api.types.is_numeric_dtype(fields):
        numbers = fields.to_numpy(np.float64, na_value=np.nan)
        return numbers, np.isinf(numbers)
    fields = fields.replace(BOOLEANS)
    read = pd.to_numeric(fields, errors="coerce")
    numbers = np.array([float(field) if known else np.nan for field, known in zip(fields, read.notna(), strict=True)])
    bad = np.isinf(numbers)
    missing = np.isnan(numbers)
    if missing.any():
        empty = fields.isna() | fields.astype("str").str.strip().str.lower().isin(EMPTY)
        bad |= missing & ~empty.to_numpy()
    return numbers, bad


def _by_name(row: Mapping[Any, object]) -> dict[str, object]:
    return {str(name): value for name, value in row.items()}


def _attributes(row: Mapping[Any, object], declared: Sequence[Attribute]) -> dict[str, str | float]:
    """The attributes that the row tells. Raises InvalidInputError for a number that is none."""
    known: dict[str, str | float] = {}
    for attribute in declared:
        text = _text(row[attribute.name])
        if text.lower() in EMPTY:
            continue
        if attribute.kind is AttributeKind.CATEGORY:
            known[attribute.name] = text
            continue
        try:
            known[attribute.name] = float(text)
        except ValueError:
            raise InvalidInputError(f"{attribute.name} {shown(text)} is not a number") from None
        if not math.isfinite(float(text)):
            raise InvalidInputError(f"{attribute.name} {shown(text)} is not a finite number")
    return known


def _text(value: object) -> str:
    """A field as text; what a data frame leaves out is empty."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    text = str(value).strip()
    if not text.isprintable():
        raise InvalidInputError(f"{shown(text)} has control characters")
    return text


def _detail(value: object) -> object:
    if isinstance(value, dict):
        return value
    text = _text(value)
    try:
        return orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        raise PayloadError("event", f"detail is not a JSON object: {text[:40]}") from None
