"""What the devices of the ingest benchmark publish: S1 one row a message, S2 a hundred, both of 10 channels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import orjson

from aftercare.wiring import load_catalog

MODEL = load_catalog()["compressor"]
CHANNELS = [channel.name for channel in MODEL.channels]
DEVICES = 1000
ROWS = 100
"""Rows of an S2 message."""
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
VALUES = [orjson.dumps({name: row + 20.25 + at for at, name in enumerate(CHANNELS)}) for row in range(ROWS)]

assert len(CHANNELS) == 10, "the benchmark is of ten channels"


def messages(count: int, rows: int, first: int = 0) -> Iterator[tuple[str, bytes]]:
    """Topic and payload: the devices in turn, each with the next `rows` seconds of its readings."""
    for number in range(first, first + count):
        turn, device = divmod(number, DEVICES)
        yield telemetry_topic(device), payload(START + turn * rows * 1000, rows)


def telemetry_topic(device: int) -> str:
    """Where that device publishes."""
    return f"devices/bench-{device}/telemetry"


def payload(ts: int, rows: int) -> bytes:
    """Readings from `ts` (epoch milliseconds) on, one a second; at most `ROWS`."""
    entries = [b'{"ts":%d,"values":%s}' % (ts + row * 1000, VALUES[row]) for row in range(rows)]
    return b"[" + b",".join(entries) + b"]" if rows > 1 else entries[0]
