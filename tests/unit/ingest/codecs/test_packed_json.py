"""The short way gives what the ordinary way gives, or stands aside."""

from datetime import UTC, datetime
from math import isnan, nan
from struct import iter_unpack, unpack

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.device_time import LATEST
from ingest.codecs import MAX_PAYLOAD, PayloadError, decode
from ingest.codecs.packed_json import RowShape, pack_telemetry

NOON = 1_769_860_800_000
SHAPE = RowShape(["a", "b"])

instants = st.integers(NOON - 5, NOON + 5) | st.sampled_from(
    ["2026-01-31T12:00:00Z", "soon", 1, NOON + 0.5, None, True]
)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63) | st.booleans()
values = st.dictionaries(st.sampled_from(["a", "b", "c"]), numbers | st.sampled_from([None, "1", [], {}]), max_size=3)
entries = st.fixed_dictionaries({}, optional={"ts": instants, "values": values | st.sampled_from([None, "ab", [1, 2]])})
complete = st.fixed_dictionaries({"ts": instants, "values": st.fixed_dictionaries({"a": numbers, "b": numbers})})


def rows_of(payload):
    """What the ordinary way makes of it, as the short way would say it; None when it stores nothing."""
    try:
        samples = decode("devices/d/telemetry", payload, datetime(2026, 1, 31, tzinfo=UTC)).samples
    except PayloadError:
        return None
    return [(ts, values.get("a"), values.get("b")) for ts, values in samples]


@given(entries | st.lists(entries | complete | st.integers(-9, 9), max_size=3) | st.lists(complete, max_size=3))
def test_both_ways_give_the_same_rows(document):
    payload = orjson.dumps(document)

    packed = pack_telemetry(payload, SHAPE, LATEST)

    if packed is not None:
        values = [[None if isnan(value) else value for value in row] for row in iter_unpack("=dd", packed.values)]
        assert [(ts, *row) for ts, row in zip(packed.instants, values, strict=True)] == rows_of(payload)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_left_to_the_ordinary_way(payload):
    packed = pack_telemetry(payload, SHAPE, LATEST)

    assert packed is None or rows_of(payload) is not None


@pytest.mark.parametrize("text", ['"a":1e999', '"a":NaN', '"a":01', '"a":1,"c":2', '"a":null', '"a":"1"', ""])
def test_what_only_the_ordinary_way_can_judge_is_left_to_it(text):
    payload = f'{{"ts":{NOON},"values":{{{text}}}}}'.encode()

    assert pack_telemetry(payload, SHAPE, LATEST) is None
    assert pack_telemetry(b"[" + payload + b"]", SHAPE, LATEST) is None


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('"a":1', (1.0, nan)),
        ('"b":true,"a":-0.5', (-0.5, 1.0)),
        ('"a":1,"a":2', (2.0, nan)),
        ('"\\u0061":1e-400', (0.0, nan)),
        ('"a":123456789012345678901234567890', (123456789012345678901234567890.0, nan)),
        ('"a":9007199254740993,"b":0.1000000000000000055511151231257827', (9007199254740992.0, 0.1)),
    ],
)
def test_numbers_are_read_as_the_ordinary_way_reads_them(text, row):
    payload = f'{{"ts":{NOON},"values":{{{text}}}}}'.encode()

    packed = pack_telemetry(payload, SHAPE, LATEST)

    assert unpack("=dd", packed.values) == pytest.approx(row, rel=0, abs=0, nan_ok=True)
    assert [tuple(nan if value is None else value for value in found[1:]) for found in rows_of(payload)] == [
        pytest.approx(row, rel=0, abs=0, nan_ok=True)
    ]


@pytest.mark.parametrize("channels", [["a"], ["a", "b"], ["class", "from"]])
def test_a_complete_payload_takes_the_short_way(channels):
    payload = orjson.dumps([{"ts": NOON, "values": dict.fromkeys(channels, 1)}])

    [instant], row = pack_telemetry(payload, RowShape(channels), LATEST)

    assert (instant, unpack(f"={len(channels)}d", row)) == (NOON * 1000, (1.0,) * len(channels))


def test_an_instant_that_is_not_taken_sends_the_message_the_ordinary_way():
    payload = orjson.dumps({"ts": NOON, "values": {"a": 1, "b": 2}})

    assert pack_telemetry(payload, SHAPE, NOON * 1000) is None


@pytest.mark.parametrize("size", [MAX_PAYLOAD, MAX_PAYLOAD + 1])
def test_what_is_too_long_goes_the_ordinary_way_which_refuses_it(size):
    payload = orjson.dumps({"ts": NOON, "values": {"a": 1, "b": 2}}).ljust(size)

    packed = pack_telemetry(payload, SHAPE, LATEST)

    assert (packed is None) is (size > MAX_PAYLOAD)
    assert (rows_of(payload) is None) is (size > MAX_PAYLOAD)
