"""Readings of one device model side by side in arrays, and their form on PostgreSQL's wire. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

EPOCH_2000 = 946_684_800_000_000
"""Microseconds from 1970 to 2000, where PostgreSQL's timestamps begin."""
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
JSONB_VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class ReadingBlock:
    """Rows of one device model, sorted by (device_id, ts) and unique in it.

    device_id, ts: int64, ts in microseconds since 1970 (UTC). values: float64, one column for each channel in the
    catalog's order, NaN where a channel has no value. extra: undeclared channels, by the number of the row.
    """

    device_id: NDArray[np.int64]
    ts: NDArray[np.int64]
    values: NDArray[np.float64]
    extra: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ts)

    def newest(self) -> dict[int, int]:
        """The newest ts of each device."""
        last = np.flatnonzero(np.diff(self.device_id, append=-1))
        return dict(zip(self.device_id[last].tolist(), self.ts[last].tolist(), strict=True))


def copy_format(block: ReadingBlock) -> bytes:
    """The whole COPY stream (FORMAT binary) of the columns device_id, ts, every channel, extra.

    Every row is laid out with all its values; where one is NaN its eight bytes are then left out, and its length, by
    which a field begins, is -1: that is NULL.
    """
    count, channels = block.values.shape
    rows = _rows_without_null(count, channels)
    rows["device_id"] = block.device_id
    rows["ts"] = block.ts - EPOCH_2000
    rows["channels"]["value"] = block.values.astype(">f8")  # bytes are swapped faster where they lie together
    missing = np.isnan(block.values)
    if missing.any():
        rows["channels"]["length"][missing] = -1
    documents = {row: JSONB_VERSION + orjson.dumps(extra) for row, extra in sorted(block.extra.items())}
    for row, document in documents.items():
        rows["extra_length"][row] = len(document)
    if not missing.any():
        ends = np.arange(1, count + 1) * rows.itemsize
        return b"".join([HEADER, *_spliced(memoryview(rows.tobytes()), ends, documents), TRAILER])
    kept = np.ones(count, _layout(channels, mask=True))
    kept["channels"]["value"] = ~missing[:, :, None]
    mask = kept.view(np.bool_).reshape(count, rows.itemsize)
    fields = rows.view(np.uint8).reshape(mask.shape)[mask].tobytes()
    return b"".join([HEADER, *_spliced(memoryview(fields), mask.sum(axis=1).cumsum(), documents), TRAILER])


def _rows_without_null(count: int, channels: int) -> NDArray[Any]:
    """Rows that say how long each field is, and nothing else yet; no document."""
    row = np.zeros(1, _layout(channels))
    row["fields"] = channels + 3
    row["device_id_length"] = row["ts_length"] = row["channels"]["length"] = 8
    row["extra_length"] = -1
    rows = np.empty(count, row.dtype)
    rows.view(np.uint8).reshape(count, row.itemsize)[:] = row.view(np.uint8)  # as bytes: eight times as fast
    return rows


def _spliced(fields: memoryview, ends: NDArray[Any], documents: Mapping[int, bytes]) -> Iterable[bytes | memoryview]:
    """`fields` with each document after the row that it belongs to."""
    start = 0
    for row, document in documents.items():
        end = int(ends[row])
        yield fields[start:end]
        yield document
        start = end
    yield fields[start:]


def _layout(channels: int, *, mask: bool = False) -> np.dtype[Any]:
    """One row on the wire: the number of its fields, then each field behind its length. mask: a flag for each byte."""

    def field_of(form: str) -> Any:
        return (np.bool_, int(form[-1])) if mask else form

    channel = np.dtype([("length", field_of(">i4")), ("value", field_of(">f8"))])
    return np.dtype(
        [
            ("fields", field_of(">i2")),
            ("device_id_length", field_of(">i4")),
            ("device_id", field_of(">i8")),
            ("ts_length", field_of(">i4")),
            ("ts", field_of(">i8")),
            ("channels", channel, (channels,)),
            ("extra_length", field_of(">i4")),
        ]
    )
