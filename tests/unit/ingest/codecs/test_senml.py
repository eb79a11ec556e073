"""SenML in JSON, most of it with the examples of RFC 8428."""

from datetime import UTC, datetime

import orjson
import pytest

from ingest.codecs import PayloadError, Sample, decode

RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON = 1_769_860_800_000_000


def senml(*records, device="pump-1"):
    return decode(f"devices/{device}/senml", orjson.dumps(records), RECEIVED).samples


def test_base_values_hold_for_the_records_after_them():
    """RFC 8428, 5.1.3, with a base value and a boolean added."""
    samples = senml(
        {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e09, "bu": "A", "bver": 5},
        {"n": "voltage", "u": "V", "v": 120.1},
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "t": -4, "v": 1.3},
        {"n": "on", "vb": True},
        {"n": "current", "t": -3, "v": 0.5, "bv": 10},
    )

    assert samples == [
        Sample(1_276_020_076_001_000, {"voltage": 120.1, "on": 1.0}),
        Sample(1_276_020_071_001_000, {"current": 1.2}),
        Sample(1_276_020_072_001_000, {"current": 1.3}),
        Sample(1_276_020_073_001_000, {"current": 10.5}),
    ]


def test_resolved_records_say_everything_themselves():
    """RFC 8428, 4.6."""
    assert senml(
        {"n": "pump-1/flow", "u": "l/s", "t": 1.7698608e9, "v": 3},
        {"n": "pump-1:level", "u": "m", "t": 1769860800.5, "v": 0.25},
    ) == [Sample(NOON, {"flow": 3.0}), Sample(NOON + 500_000, {"level": 0.25})]


@pytest.mark.parametrize(
    ("base", "name", "channel"),
    [
        ("urn:dev:mac:0024befffe804ff1/", "temp", "temp"),
        ("urn:dev:ow:10e2073a0108006", ":temp", "temp"),
        ("urn:dev:ow:10e2073a0108006:temp", None, "temp"),
        ("pump-1/", "motor/temp", "motor/temp"),
        (None, "pump-1/temp", "temp"),
        (None, "temp", "temp"),
    ],
)
def test_a_channel_is_what_the_name_has_beyond_the_device(base, name, channel):
    record = {"bn": base, "n": name, "t": 1.7698608e9, "v": 1}

    assert senml({key: value for key, value in record.items() if value is not None}) == [Sample(NOON, {channel: 1.0})]


def test_a_base_value_alone_is_the_value():
    assert senml({"bn": "x", "bv": 7, "bt": 1.7698608e9}, {"n": "flow"}) == [Sample(NOON, {"flow": 7.0})]


def test_the_second_value_of_an_instant_is_left_to_be_counted_as_a_conflict():
    record = {"n": "flow", "t": 1.7698608e9}

    assert senml(record | {"v": 1}, record | {"v": 1}, record | {"v": 2}) == [
        Sample(NOON, {"flow": 1.0}),
        Sample(NOON, {"flow": 2.0}),
    ]


@pytest.mark.parametrize(
    ("change", "label", "reason"),
    [
        ({"t": 0}, "ts", "counts from now"),
        ({"t": -30}, "ts", "counts from now"),
        ({"t": 5e9}, "ts", "outside 1990 to 2099"),
        ({"t": 1e305}, "ts", "outside 1990 to 2099"),
        ({"t": "now"}, "senml", "t 'now' is not a number"),
        ({"t": True}, "senml", "not a number"),
        ({"v": "3"}, "senml", "v '3' is not a number"),
        ({"v": 1.5e308, "bv": 1.5e308}, "values", "more than a number can hold"),
        ({"v": None}, "senml", "not a number"),
        ({"vs": "open"}, "values", "vs is text"),
        ({"vd": "aGk"}, "values", "vd is binary data"),
        ({"s": 12.5}, "values", "s is a sum"),
        ({"vb": True}, "values", "not true or false alone"),
        ({"n": ""}, "senml", "names no channel"),
        ({"n": "a\0b"}, "senml", "names no channel"),
        ({"n": "x" * 129}, "senml", "names no channel"),
        ({"n": 7}, "senml", "not text"),
        ({"bn": ["x"]}, "senml", "not text"),
        ({"bver": 11}, "senml", "bver 11 is not a version"),
        ({"bver": True}, "senml", "not a version"),
        ({"crucial_": 1}, "senml", "'crucial_' has to be understood"),
    ],
)
def test_records_that_cannot_be_stored(change, label, reason):
    with pytest.raises(PayloadError, match=reason) as caught:
        senml({"n": "flow", "t": 1.7698608e9, "v": 1} | change)
    assert caught.value.label == label


def test_a_record_without_a_value_is_refused_and_labels_that_may_be_ignored_are():
    with pytest.raises(PayloadError, match="has no value"):
        senml({"n": "flow", "t": 1.7698608e9})
    assert senml({"n": "flow", "t": 1.7698608e9, "v": 1, "ut": 60, "note": "x"}) == [Sample(NOON, {"flow": 1.0})]


def test_a_pack_that_only_sets_base_values_tells_nothing():
    with pytest.raises(PayloadError, match="no record has a value"):
        senml({"bn": "pump-1/"})
