"""Every topic and every payload gives rows or a PayloadError, and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs import MAX_PAYLOAD, Decoded, PayloadError, decode
from ingest.codecs.timestamps import EARLIEST, LATEST

RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)
TOPICS = st.sampled_from(["devices/d/telemetry", "devices/d/events", "devices/d/status"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {},
    optional={
        "ts": st.just(1_769_860_800_000) | JSON,
        "values": st.dictionaries(st.text(), st.floats(-1, 1) | JSON, max_size=3) | JSON,
        "kind": st.sampled_from(["error", "failure", "maintenance"]) | JSON,
        "code": JSON,
        "component": JSON,
        "detail": JSON,
        "state": st.sampled_from(["online", "offline"]) | JSON,
    },
)


def holds(decoded):
    assert isinstance(decoded, Decoded)
    assert decoded.samples or decoded.events or decoded.statuses
    for sample in decoded.samples:
        assert EARLIEST <= sample.ts < LATEST
        assert all(isinstance(value, float) and abs(value) < float("inf") for value in sample.values.values())


@given(TOPICS | st.text(), st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_payload_error(topic, payload):
    with suppress(PayloadError):
        holds(decode(topic, payload, RECEIVED))


@given(TOPICS, NEARLY_RIGHT | st.lists(NEARLY_RIGHT, max_size=3))
def test_anything_nearly_right_gives_rows_or_a_payload_error(topic, document):
    with suppress(PayloadError):
        holds(decode(topic, orjson.dumps(document), RECEIVED))


@pytest.mark.parametrize("topic", ["", "devices/d", "devices/d/other", "devices//telemetry", "x/devices/d/status"])
def test_topics_that_no_codec_reads(topic):
    with pytest.raises(PayloadError, match="no codec reads"):
        decode(topic, b"{}", RECEIVED)


def test_a_payload_beyond_the_limit_is_refused_unread():
    with pytest.raises(PayloadError, match="send smaller arrays"):
        decode("devices/d/telemetry", b" " * (MAX_PAYLOAD + 1), RECEIVED)
