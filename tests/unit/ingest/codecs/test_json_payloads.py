"""Our own JSON payloads."""

from datetime import UTC, datetime

import orjson
import pytest

from domain.device import Connectivity, DeviceEvent, DeviceStatus, EventKind
from ingest.codecs import PayloadError, Sample, decode

RECEIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON = 1_769_860_800_000_000


def telemetry(document):
    return decode("devices/pump-1/telemetry", orjson.dumps(document), RECEIVED)


def events(document):
    return decode("devices/pump-1/events", orjson.dumps(document), RECEIVED)


def status(document):
    return decode("devices/pump-1/status", orjson.dumps(document), RECEIVED)


def test_one_object_is_one_sample():
    decoded = telemetry({"ts": 1_769_860_800_000, "values": {"flow": 3, "open": True, "level": 0.5, "gone": None}})

    assert decoded.device == "pump-1"
    assert decoded.samples == [Sample(NOON, {"flow": 3.0, "open": 1.0, "level": 0.5})]


def test_an_array_is_a_sample_for_each_object():
    decoded = telemetry([{"ts": "2026-01-31T12:00:00Z", "values": {"flow": n}} for n in range(3)])

    assert [sample.values["flow"] for sample in decoded.samples] == [0, 1, 2]


@pytest.mark.parametrize(
    ("payload", "label", "reason"),
    [
        (b"", "json", "not JSON"),
        (b"{", "json", "not JSON"),
        (b'{"ts": 1769860800000, "values": {"flow": NaN}}', "json", "not JSON"),
        (b'{"ts": 1769860800000, "values": {"flow": Infinity}}', "json", "not JSON"),
        (b'{"ts": 1769860800000, "values": {"flow": 1e999}}', "json", "infinity"),
        (b"7", "shape", "not an object"),
        (b"[]", "shape", "empty"),
        (b"[[]]", "shape", "not an object"),
        (b'{"values": {"flow": 1}}', "ts", "ts is missing"),
        (b'{"ts": 1769860800000}', "values", "values is missing"),
        (b'{"ts": 1769860800000, "values": [1]}', "values", "send an object"),
        (b'{"ts": 1769860800000, "values": {}}', "values", "holds no number"),
        (b'{"ts": 1769860800000, "values": {"flow": null}}', "values", "holds no number"),
        (b'{"ts": 1769860800000, "values": {"flow": "3.5"}}', "values", "'flow' is text: send a number"),
        (b'{"ts": 1769860800000, "values": {"flow": [1]}}', "values", "send a number"),
        (b'{"ts": 1769860800000, "values": {"": 1}}', "values", "channel name is empty"),
        (b'{"ts": 1769860800000, "values": {"a\\u0000": 1}}', "values", "control characters"),
    ],
)
def test_telemetry_that_cannot_be_stored(payload, label, reason):
    with pytest.raises(PayloadError, match=reason) as caught:
        decode("devices/pump-1/telemetry", payload, RECEIVED)
    assert caught.value.label == label


def test_one_wrong_object_refuses_the_whole_array():
    with pytest.raises(PayloadError, match="text"):
        telemetry([{"ts": 1_769_860_800_000, "values": {"flow": value}} for value in (1, "2")])


def test_event_with_everything_and_with_the_least():
    full = {"ts": 1_769_860_800_000, "kind": "error", "code": "E7", "component": "fan", "detail": {"rpm": 0}}

    assert events(full).events == [DeviceEvent("pump-1", RECEIVED, EventKind.ERROR, "E7", "fan", {"rpm": 0})]
    assert events({"ts": 1_769_860_800_000, "kind": "log"}).events == [DeviceEvent("pump-1", RECEIVED, EventKind.LOG)]


def nested(levels):
    return {"a": nested(levels - 1)} if levels else 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "explosion"}, "none of error, maintenance, failure, config, log"),
        ({"kind": None}, "kind missing is none of"),
        ({"kind": []}, "is none of"),
        ({"code": 7}, "code 7 is not text"),
        ({"code": "x" * 129}, "at most 128"),
        ({"component": "a\0"}, "printable"),
        ({"detail": [1]}, "detail is"),
        ({"detail": {"note": ["deep", {"a\0": 1}]}}, r"U\+0000"),
        ({"detail": nested(40)}, "nested deeper than 32"),
        ({"ts": None}, "ts is missing"),
    ],
)
def test_events_that_cannot_be_stored(change, reason):
    with pytest.raises(PayloadError, match=reason):
        events({"ts": 1_769_860_800_000, "kind": "error"} | change)


def test_status_bears_its_own_instant_or_that_of_its_arrival():
    assert status({"state": "offline"}).statuses == [
        DeviceStatus("pump-1", RECEIVED, Connectivity.OFFLINE, dated=False)
    ]
    assert status({"state": "online", "ts": "2026-01-01T00:00:00Z"}).statuses == [
        DeviceStatus("pump-1", datetime(2026, 1, 1, tzinfo=UTC), Connectivity.ONLINE)
    ]


@pytest.mark.parametrize("document", [{}, {"state": "asleep"}, {"state": ["online"]}, [{"state": "online"}] * 2])
def test_status_that_says_nothing(document):
    with pytest.raises(PayloadError):
        status(document)


def test_a_device_name_has_the_characters_of_a_name():
    with pytest.raises(PayloadError, match="device name"):
        decode("devices/pump 1/telemetry", b"{}", RECEIVED)
