"""What is read of the messages of devices, and what is refused, with which label."""

import hashlib
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.message_reader import LARGEST_RESULT, MOST_COMPONENTS, read_message
from diagnostics.messages import Arrived, Echo, Marker, MessageError, Report, Response, UploadPart, wire_id
from diagnostics.payload_fields import LARGEST_JSON
from domain.command import CommandState

SECRET = bytes(range(16))
ID = wire_id(17, SECRET)
TS = 1_769_860_800_000
RESPONSE = f"devices/hp/commands/{ID}/response"
TWIN = "devices/hp/twin/reported"


def response(topic=RESPONSE, *, correlation=SECRET, retained=False, **document):
    payload = orjson.dumps({"ts": TS, "state": "succeeded", **document})
    return Arrived(topic, payload, retained=retained, correlation=correlation)


def report(**document):
    return Arrived(TWIN, orjson.dumps({"ts": TS, "reported": {}, **document}))


def test_each_kind_of_message_is_known_by_its_topic():
    assert read_message(Arrived("diagnostics/x/marker", b"n")) == Marker(b"n")
    assert read_message(Arrived(f"devices/hp/commands/{ID}/request", b"{}", correlation=SECRET)) == Echo(
        "hp", 17, SECRET
    )
    told = read_message(response(result={"t": 1}))
    assert isinstance(told, Response)
    assert (told.device, told.command_id, told.state, told.result) == ("hp", 17, CommandState.SUCCEEDED, {"t": 1})
    part = {"part": "1", "parts": "1", "sha256": hashlib.sha256(b"x").hexdigest(), "name": "a.log"}
    assert isinstance(read_message(Arrived(RESPONSE, b"x", correlation=SECRET, properties=part)), UploadPart)
    assert isinstance(read_message(report(version=3, firmware="2.1")), Report)


def test_fields_of_other_states_are_left_out():
    failed = read_message(response(state="failed", result={"t": 1}, progress=0.5))
    assert (failed.error_code, failed.result, failed.progress) == ("unknown", None, None)
    running = read_message(response(state="running", progress=0.5, error={"code": "x"}))
    assert (running.progress, running.error_code) == (0.5, "")


@pytest.mark.parametrize(
    ("arrived", "label"),
    [
        (response("devices/hp/telemetry"), "topic"),
        (response("devices/bad name/commands/1-00000000/response"), "topic"),
        (response(correlation=None), "correlation"),
        (response(correlation=b"short"), "correlation"),
        (response(retained=True), "retained"),
        (response("devices/hp/commands/17/response"), "unknown_command"),
        (response(f"devices/hp/commands/{'9' * 19}-00000000/response"), "unknown_command"),
        (response("devices/hp/commands/0-00000000/response"), "unknown_command"),
        (response(state="done"), "response"),
        (response(state="cancelled"), "response"),
        (response(state=["running"]), "response"),
        (response(state="running", progress=1.1), "response"),
        (response(state="running", progress=True), "response"),
        (response(result=[1]), "response"),
        (response(result={"x": "y" * LARGEST_RESULT}), "response"),
        (response(state="failed", error="broken"), "response"),
        (response(result={"files": [{"name": "../../passwd"}]}), "upload"),
        (response(ts="2026-02-01T00:00:00"), "ts"),
        (response(ts=None), "ts"),
        (response(ts=True), "ts"),
        (response(ts=1e300), "ts"),
        (response(ts=TS / 1000), "ts"),
        (response(error={"code": "a\nb"}, state="failed"), "shape"),
        (Arrived(RESPONSE, b"{", correlation=SECRET), "json"),
        (Arrived(RESPONSE, b'{"ts": NaN}', correlation=SECRET), "json"),
        (Arrived(RESPONSE, b"[]", correlation=SECRET), "shape"),
        (Arrived(RESPONSE, b'{"x": "\\u0000"}', correlation=SECRET), "shape"),
        (Arrived(RESPONSE, b" " * (LARGEST_JSON + 1), correlation=SECRET), "size"),
        (Arrived(TWIN, orjson.dumps({"ts": TS})), "twin"),
        (report(reported=[1]), "twin"),
        (report(reported={"": 1}), "twin"),
        (report(version=-1), "twin"),
        (report(version=True), "twin"),
        (report(version=2**53), "twin"),
        (report(refused={"mode": 1}), "twin"),
        (report(refused=["mode"]), "twin"),
        (report(components={}), "twin"),
        (report(components=[{"serial": "1"}]), "twin"),
        (report(components=[{"component": "fan"}] * 2), "twin"),
        (report(components=[{"component": str(one)} for one in range(MOST_COMPONENTS + 1)]), "twin"),
        (report(firmware=7), "shape"),
        (report(firmware="x" * 101), "shape"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_label(arrived, label):
    with pytest.raises(MessageError) as refused:
        read_message(arrived)
    assert refused.value.label == label
    assert str(refused.value)


@pytest.mark.parametrize("depth", [300, 1000])
@pytest.mark.parametrize(
    "field", ["ts", "state", "result", "error", "progress", "reported", "version", "refused", "firmware", "components"]
)
@pytest.mark.parametrize("nested", [b'{"a":%s}', b"[%s]"])
def test_json_that_is_nested_as_deeply_as_it_can_be_read_ends_nothing(nested, field, depth):
    payload = orjson.dumps({"ts": TS, "state": "succeeded", "reported": {}} | {field: "deep"})
    before, after = nested.split(b"%s")
    deep = before * depth + b"1" + after * depth
    for topic in (RESPONSE, TWIN):
        with suppress(MessageError):
            read_message(Arrived(topic, payload.replace(b'"deep"', deep), correlation=SECRET))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
FIELDS = ("ts", "state", "result", "error", "progress", "reported", "version", "refused", "firmware", "components")
DOCUMENTS = st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from([TS, *CommandState]), max_size=8)
PROPERTIES = st.dictionaries(st.sampled_from(["part", "parts", "sha256", "name", "content-type"]), st.text(max_size=70))
SOUND_PAYLOAD = DOCUMENTS.map(lambda document: orjson.dumps(document))
BYTES = st.binary(max_size=50)


@given(
    topic=st.sampled_from([RESPONSE, TWIN, RESPONSE.replace("response", "request")]) | st.text(max_size=40),
    payload=BYTES | SOUND_PAYLOAD,
    correlation=st.none() | st.just(SECRET) | BYTES,
    retained=st.booleans(),
    properties=PROPERTIES,
)
def test_nothing_but_a_message_error_is_raised_whatever_comes(topic, payload, correlation, retained, properties):
    problem = None
    try:
        read_message(Arrived(topic, payload, 0, retained, correlation, properties))
    except MessageError as error:
        problem = error
    assert problem is None or (problem.label and len(str(problem)) < 500)
