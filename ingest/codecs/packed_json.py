"""The short way for telemetry in our own JSON that names declared channels, and nothing else.

Most messages of a fleet are of this kind. They are read straight into the fields of a device model, without a
dictionary for each row, and become packed rows; everything else takes the codec's ordinary way, which also says what is
wrong. Both give the same rows (a test compares them).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import astuple

from domain.device_time import EARLIEST
from ingest.codecs import MAX_PAYLOAD
from ingest.codecs.decoded import PayloadError
from ingest.codecs.timestamps import read_timestamp

NO_VALUE = math.nan


class PackedRows(NamedTuple):
    """Rows of one device. instants: microseconds since 1970. values: a double for each channel of each row, NaN where
    it has none."""

    instants: Sequence[int]
    values: bytes


class RowShape:
    """The channels of a device model, how its telemetry is read, and how the values of one row are packed."""

    def __init__(self, channels: Sequence[str]) -> None:
        self.channels = tuple(channels)
        self.pack = struct.Struct(f"={len(self.channels)}d").pack
        self.nothing = self.pack(*[NO_VALUE] * len(self.channels))
        # Fields have names of our own: a channel may be called as Python calls something else.
        names = {f"channel_{number}": channel for number, channel in enumerate(self.channels)}
        fields = [(name, float | bool, NO_VALUE) for name in names]
        values = msgspec.defstruct("Values", fields, rename=names, forbid_unknown_fields=True, gc=False)
        row = msgspec.defstruct(
            "Row", [("ts", int | float | str), ("values", values)], forbid_unknown_fields=True, gc=False
        )
        self.read = msgspec.json.Decoder(row | list[row]).decode  # type: ignore[valid-type]


def pack_telemetry(payload: bytes, shape: RowShape, before: int) -> PackedRows | None:
    """The packed rows of a payload, or None when it has to go the ordinary way.

    before: instant in microseconds since 1970 from which on timestamps are not taken.
    """
    if len(payload) > MAX_PAYLOAD:
        return None
    try:
        document = shape.read(payload)
        if type(document) is list:
            return _pack_rows(document, shape, before) if document else None
        ts = document.ts
        instant = ts * 1000 if type(ts) is int else read_timestamp(ts)
        values = shape.pack(*astuple(document.values))
    except (msgspec.DecodeError, PayloadError, UnicodeDecodeError):
        return None
    return PackedRows((instant,), values) if EARLIEST <= instant < before and values != shape.nothing else None


def _pack_rows(rows: Sequence[Any], shape: RowShape, before: int) -> PackedRows | None:
    """One field of all rows after the other: row by row takes longer."""
    instants = [row.ts * 1000 if type(row.ts) is int else read_timestamp(row.ts) for row in rows]
    values = [shape.pack(*astuple(row.values)) for row in rows]
    if min(instants) < EARLIEST or max(instants) >= before or shape.nothing in values:
        return None
    return PackedRows(instants, b"".join(values))
