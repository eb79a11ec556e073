"""The short way for telemetry in our own JSON that gives every declared channel a number, and nothing else.

Most messages of a fleet are of this kind. They become packed rows without an object for each sample; everything else
takes the codec's ordinary way, which also says what is wrong. Both give the same rows (a test compares them).
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from struct import Struct
from struct import error as StructError  # noqa: N812 -- an exception, named like one

import orjson

from ingest.codecs import MAX_PAYLOAD
from ingest.codecs.decoded import PayloadError
from ingest.codecs.timestamps import EARLIEST, read_timestamp


class RowShape:
    """The channels of a device model, and how one row of them is packed: device id, ts, then a double for each."""

    def __init__(self, channels: Sequence[str]) -> None:
        self.channels = tuple(channels)
        self.pack = Struct(f"=qq{len(self.channels)}d").pack
        # itemgetter gives no tuple for a single key
        self.pick = itemgetter(*self.channels) if len(self.channels) > 1 else lambda values: (values[self.channels[0]],)


def pack_telemetry(payload: bytes, shape: RowShape, device_id: int, before: int) -> list[bytes] | None:
    """The packed rows of a payload, or None when it has to go the ordinary way.

    before: instant in microseconds since 1970 from which on timestamps are not taken.
    """
    if len(payload) > MAX_PAYLOAD:
        return None
    pack, pick, size = shape.pack, shape.pick, len(shape.channels)
    rows = []
    try:
        document = orjson.loads(payload)
        for entry in document if type(document) is list else (document,):
            ts, values = entry["ts"], entry["values"]
            instant = ts * 1000 if type(ts) is int else read_timestamp(ts)
            if not EARLIEST <= instant < before or len(values) != size:
                return None
            rows.append(pack(device_id, instant, *pick(values)))
    except (orjson.JSONDecodeError, PayloadError, KeyError, TypeError, StructError):
        return None
    return rows or None
