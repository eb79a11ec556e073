"""The short way for telemetry in our own JSON that gives every declared channel a number, and nothing else.

Most messages of a fleet are of this kind. They become packed rows without an object for each sample; everything else
takes the codec's ordinary way, which also says what is wrong. Both give the same rows (a test compares them).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from ingest.codecs import MAX_PAYLOAD
from ingest.codecs.decoded import PayloadError
from ingest.codecs.timestamps import EARLIEST, read_timestamp

TS, VALUES = itemgetter("ts"), itemgetter("values")


class PackedRows(NamedTuple):
    """Rows of one device. instants: microseconds since 1970. values: a double for each channel of each row."""

    instants: Sequence[int]
    values: bytes


class RowShape:
    """The channels of a device model, and how the values of one row are packed."""

    def __init__(self, channels: Sequence[str]) -> None:
        self.channels = tuple(channels)
        self.pack = struct.Struct(f"={len(self.channels)}d").pack
        # itemgetter gives no tuple for a single key
        self.pick = itemgetter(*self.channels) if len(self.channels) > 1 else lambda values: (values[self.channels[0]],)


def pack_telemetry(payload: bytes, shape: RowShape, before: int) -> PackedRows | None:
    """The packed rows of a payload, or None when it has to go the ordinary way.

    before: instant in microseconds since 1970 from which on timestamps are not taken.
    """
    if len(payload) > MAX_PAYLOAD:
        return None
    try:
        document = orjson.loads(payload)
        if type(document) is list:
            return _pack_rows(document, shape, before) if document else None
        ts, values = document["ts"], document["values"]
        instant = ts * 1000 if type(ts) is int else read_timestamp(ts)
        if not EARLIEST <= instant < before or len(values) != len(shape.channels):
            return None
        return PackedRows((instant,), shape.pack(*shape.pick(values)))
    except (orjson.JSONDecodeError, PayloadError, KeyError, TypeError, struct.error):
        return None


def _pack_rows(entries: Sequence[Mapping[str, Any]], shape: RowShape, before: int) -> PackedRows | None:
    """One field of all rows after the other: row by row takes longer."""
    instants = [ts * 1000 if type(ts) is int else read_timestamp(ts) for ts in map(TS, entries)]
    rows = list(map(VALUES, entries))
    if min(instants) < EARLIEST or max(instants) >= before or {*map(len, rows)} != {len(shape.channels)}:
        return None
    return PackedRows(instants, b"".join([shape.pack(*values) for values in map(shape.pick, rows)]))
