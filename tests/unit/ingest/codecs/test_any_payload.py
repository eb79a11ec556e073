"""Whatever comes on whatever topic gives rows or a PayloadError, in bounded time and memory."""

import gzip
import time
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.device_time import EARLIEST, LATEST
from ingest.codecs import CODECS, MAX_PAYLOAD, Decoded, PayloadError, decode
from ingest.codecs.sparkplug import read_by_birth
from ingest.codecs.sparkplug_parts import SparkplugBirth
from ingest.codecs.sparkplug_schema import Payload

RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)
ALL_TOPICS = [codec.topic_filter.replace("+", "d") for codec in CODECS]
TOPICS = st.sampled_from(ALL_TOPICS)
JSON_TOPICS = st.sampled_from([topic for topic in ALL_TOPICS if topic.startswith("devices/")])
SPARKPLUG_TOPICS = st.sampled_from([topic for topic in ALL_TOPICS if topic.startswith("spBv1.0/")])
MOST_SECONDS, MOST_MEMORY = 2.0, 128 << 20

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NUMBER = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | JSON
NEARLY_OURS = st.fixed_dictionaries(
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
NEARLY_SENML = st.fixed_dictionaries(
    {},
    optional={
        **{label: st.just("d/flow") | JSON for label in ("bn", "n", "u", "bu", "vs", "vd")},
        **{label: st.just(1_769_860_800) | NUMBER for label in ("bt", "t", "v", "bv", "s", "bs", "bver", "ut")},
        "vb": st.booleans() | JSON,
        "odd_": JSON,
    },
)
NEARLY_RIGHT = NEARLY_OURS | NEARLY_SENML
METRIC = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from([b"flow", b"level", b"bdSeq", b"Node Control/Rebirth"]) | st.binary(max_size=5),
        "alias": st.integers(0, 4) | st.integers(0, 2**64 - 1),
        "timestamp": st.just(1_769_860_800_000) | st.integers(0, 2**64 - 1),
        "datatype": st.integers(0, 35) | st.integers(0, 2**32 - 1),
        "is_null": st.booleans(),
        "is_transient": st.booleans(),
    },
)
VALUE = st.one_of(
    st.tuples(st.just("int_value"), st.integers(0, 2**32 - 1)),
    st.tuples(st.just("long_value"), st.integers(0, 2**64 - 1)),
    st.tuples(st.just("float_value"), st.floats(width=32)),
    st.tuples(st.just("double_value"), st.floats()),
    st.tuples(st.just("boolean_value"), st.booleans()),
)
BIRTH = st.none() | st.just(SparkplugBirth([("flow", 0, 10), ("level", 1, 3), ("recipe", 2, 12), ("strange", 3, 0)]))


@st.composite
def nearly_sparkplug(draw):
    """A payload that may be right in every detail, or wrong in one byte of it."""
    message = Payload(timestamp=draw(st.just(1_769_860_800_000) | st.integers(0, 2**64 - 1)))
    for metric, value in draw(st.lists(st.tuples(METRIC, st.none() | VALUE), max_size=4)):
        message.metrics.add(**metric, **({value[0]: value[1]} if value else {}))
    return draw(st.just(message.SerializeToString()) | mutated(message.SerializeToString()))


def mutated(payload):
    """The payload with one byte changed, or cut short, or with some of it twice."""
    places = st.integers(0, max(0, len(payload) - 1))
    return st.one_of(
        st.tuples(places, st.integers(0, 255)).map(lambda at: payload[: at[0]] + bytes([at[1]]) + payload[at[0] + 1 :]),
        places.map(lambda at: payload[:at]),
        places.map(lambda at: payload + payload[at:]),
    )


def check(topic, payload, birth=None):
    """Decode as ingest does, and look at what comes out."""
    with suppress(PayloadError):
        decoded = decode(topic, payload, RECEIVED)
        assert isinstance(decoded, Decoded)
        if decoded.sparkplug and decoded.sparkplug.birth is None and not decoded.sparkplug.is_death:
            decoded = read_by_birth(decoded, birth)
        for sample in decoded.samples:
            assert isinstance(sample.ts, int)
            assert EARLIEST <= sample.ts < LATEST
            assert sample.values
            assert all(isinstance(value, float) and abs(value) < float("inf") for value in sample.values.values())
            assert all(name and name.isprintable() for name in sample.values)


@given(TOPICS | st.text(), st.binary(max_size=200), BIRTH)
def test_any_bytes(topic, payload, birth):
    check(topic, payload, birth)


@given(JSON_TOPICS, NEARLY_RIGHT | st.lists(NEARLY_RIGHT, max_size=3), st.booleans())
def test_any_json_that_is_nearly_right(topic, document, compressed):
    payload = orjson.dumps(document)
    check(topic, gzip.compress(payload, 1) if compressed else payload)


@given(SPARKPLUG_TOPICS, nearly_sparkplug(), BIRTH)
def test_any_protobuf_that_is_nearly_right(topic, payload, birth):
    check(topic, payload, birth)


@given(st.data(), JSON_TOPICS)
def test_right_json_with_a_byte_changed(data, topic):
    reading = b'{"ts":"2026-01-31T12:00:00Z","values":{"flow":3.25,"open":true},"kind":"error","state":"online"}'
    senml = b'[{"bn":"d/","bt":1769860800,"n":"flow","v":3.25},{"n":"open","t":-1.5,"vb":true}]'
    payload = data.draw(st.sampled_from([reading, senml]).flatmap(mutated))
    check(topic, payload)
    check(topic, data.draw(mutated(gzip.compress(payload, 1))))


@pytest.mark.parametrize(
    "field", ["ts", "values", "kind", "code", "component", "detail", "state", "bn", "n", "v", "bver"]
)
@pytest.mark.parametrize("nested", [b'{"a":%s}', b"[%s]"])
def test_json_that_is_nested_as_deeply_as_it_can_be_read(nested, field):
    before, after = nested.split(b"%s")
    deep = before * 1000 + b"1" + after * 1000
    right = {"ts": 1_769_860_800_000, "values": {"a": 1}, "kind": "log", "t": 1_769_860_800, "v": 1}
    for document in (right | {field: "deep"}, right | {"values": {"a": "deep"}}, ["deep"]):
        for topic in ALL_TOPICS:
            check(topic, orjson.dumps(document).replace(b'"deep"', deep))


def largest(piece, around=(b"[", b"]")):
    """As many of `piece` as a payload may hold."""
    count = (MAX_PAYLOAD - 2) // (len(piece) + 1)
    return around[0] + b",".join([piece] * count) + around[1]


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * MAX_PAYLOAD,
        b'{"a":' * (MAX_PAYLOAD // 5),
        largest(b"{}"),
        largest(b'{"n":"a","t":1769860800,"v":1}'),
        largest(b'{"ts":1769860800000,"values":{"a":1}}'),
        largest(b'{"ts":1769860800000,"kind":"log"}'),
        largest(b"9" * 300),
        b"9" * MAX_PAYLOAD,
        b'"' + b"\\u0000" * (MAX_PAYLOAD // 6 - 1) + b'"',
        gzip.compress(b"", mtime=0) * (MAX_PAYLOAD // 20),
        gzip.compress(b"[" * MAX_PAYLOAD, mtime=0),
        gzip.compress(bytes(64 << 20), mtime=0),
        b"\x12\x00" * (MAX_PAYLOAD // 2),
        b"\x12\x02\x10\x01" * 20_000,
        b"\x08\x80\xc8\xd0\x90\xc1\x33" + b"\x12\x0b\x10\x01\x69\x00\x00\x00\x00\x00\x00\x00\x00" * 20_000,
        b"\x0b" * MAX_PAYLOAD,
        b"\x92\x03" * (MAX_PAYLOAD // 2),
    ],
    ids=lambda payload: f"{payload[:12]!r}",
)
def test_the_worst_that_fits_into_a_payload_takes_little_time(payload):
    for topic in ALL_TOPICS:
        started = time.process_time()
        check(topic, payload[:MAX_PAYLOAD], SparkplugBirth([("a", 1, 10)]))
        assert time.process_time() - started < MOST_SECONDS, topic


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("devices/d/telemetry", largest(b"{}")),
        ("devices/d/events", gzip.compress(bytes(64 << 20), mtime=0)),
        ("devices/d/senml", largest(b'{"n":"a","t":1769860800,"v":1}')),
        ("spBv1.0/d/NDATA/d", b"\x12\x00" * (MAX_PAYLOAD // 2)),
    ],
    ids=["empty objects", "a bomb", "many records", "empty metrics"],
)
def test_the_worst_that_fits_into_a_payload_takes_little_memory(topic, payload):
    tracemalloc.start()
    check(topic, payload)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST_MEMORY
