"""Payload codecs, chosen by topic. Pure: a topic and bytes in, `Decoded` or `PayloadError` out.

A codec is one module and one line of the registry below.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from ingest.codecs.compressed import inflate
from ingest.codecs.decoded import Decoded, PayloadError, Sample
from ingest.codecs.json_payloads import decode_events, decode_status, decode_telemetry
from ingest.codecs.senml import decode_senml
from ingest.codecs.sparkplug import decode_sparkplug

__all__ = ["CODECS", "MAX_PAYLOAD", "Decoded", "PayloadError", "Sample", "decode"]

MAX_PAYLOAD = 1 << 20
"""Longest payload in bytes that is decoded, before and after gzip; about 5,000 timestamps of 10 channels."""


class Codec(NamedTuple):
    """Which topics a codec reads, and how: topic, payload and when it came (aware, UTC).

    is_json: its payloads may come compressed with gzip. to_all: every ingest replica gets these messages, and not one
    of them each, because it needs them to read others.
    """

    topic_filter: str
    decode: Callable[[str, bytes, datetime], Decoded]
    is_json: bool = True
    to_all: bool = False


CODECS = (
    Codec("devices/+/telemetry", decode_telemetry),
    Codec("devices/+/events", decode_events),
    Codec("devices/+/status", decode_status),
    Codec("devices/+/senml", decode_senml),
    Codec("spBv1.0/+/NBIRTH/+", decode_sparkplug, is_json=False, to_all=True),
    Codec("spBv1.0/+/DBIRTH/+/+", decode_sparkplug, is_json=False, to_all=True),
    Codec("spBv1.0/+/NDATA/+", decode_sparkplug, is_json=False),
    Codec("spBv1.0/+/DDATA/+/+", decode_sparkplug, is_json=False),
    Codec("spBv1.0/+/NDEATH/+", decode_sparkplug, is_json=False),
    Codec("spBv1.0/+/DDEATH/+/+", decode_sparkplug, is_json=False),
)


def decode(topic: str, payload: bytes, received_at: datetime) -> Decoded:
    """Decode one message. Raises PayloadError, and nothing else whatever the bytes are."""
    match = _TOPICS.fullmatch(topic)
    if match is None or match.lastindex is None:
        raise PayloadError("topic", f"no codec reads topic {topic!r}: see docs/wire.md for the topics")
    if len(payload) > MAX_PAYLOAD:
        raise PayloadError("size", f"{len(payload)} bytes are more than {MAX_PAYLOAD}: send smaller arrays")
    codec = CODECS[match.lastindex - 1]
    return codec.decode(topic, inflate(payload, MAX_PAYLOAD) if codec.is_json else payload, received_at)


def _pattern(topic_filter: str) -> str:
    wildcards = {"+": "[^/]+", "#": ".+"}
    return "(" + "/".join(wildcards.get(level, re.escape(level)) for level in topic_filter.split("/")) + ")"


_TOPICS = re.compile("|".join(_pattern(codec.topic_filter) for codec in CODECS), re.DOTALL)
