"""Payloads compressed with gzip."""

import gzip
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs import MAX_PAYLOAD, PayloadError, decode
from ingest.codecs.compressed import inflate

RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)
READING = orjson.dumps({"ts": 1_769_860_800_000, "values": {"flow": 3}})
EVENT = orjson.dumps({"ts": 1_769_860_800_000, "kind": "log"})


@pytest.mark.parametrize(
    ("kind", "payload"), [("telemetry", READING), ("events", EVENT), ("status", b'{"state": "online"}')]
)
def test_every_json_topic_takes_gzip(kind, payload):
    topic = f"devices/pump-1/{kind}"

    assert decode(topic, gzip.compress(payload), RECEIVED) == decode(topic, payload, RECEIVED)


@given(st.binary(max_size=2000))
def test_compression_is_undone(content):
    assert inflate(gzip.compress(content), 2000) == content


def test_a_bomb_is_refused_and_costs_no_more_than_the_limit():
    bomb = gzip.compress(bytes(200 << 20), 1)
    tracemalloc.start()
    with pytest.raises(PayloadError, match="more than 1048576 bytes") as caught:
        decode("devices/pump-1/telemetry", bomb[:MAX_PAYLOAD], RECEIVED)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.label == "size"
    assert peak < 5 << 20


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (gzip.compress(READING, mtime=0)[:-4], "ends too early"),
        (b"\x1f\x8b", "ends too early"),
        (b"\x1f\x8bnonsense", "damaged"),
        (gzip.compress(READING, mtime=0) + b"more", "4 bytes follow"),
        (gzip.compress(READING, mtime=0) + gzip.compress(READING, mtime=0), "bytes follow"),
    ],
)
def test_damaged_gzip_is_told_apart_from_json(payload, reason):
    with pytest.raises(PayloadError, match=reason) as caught:
        decode("devices/pump-1/telemetry", payload, RECEIVED)
    assert caught.value.label == "gzip"


@given(st.binary(max_size=400), st.integers(0, 60), st.integers(0, 255))
def test_any_damage_gives_bytes_or_a_payload_error(content, position, value):
    damaged = bytearray(gzip.compress(content))
    damaged[position % len(damaged)] = value
    with suppress(PayloadError):
        assert len(inflate(bytes(damaged), 500)) <= 500
