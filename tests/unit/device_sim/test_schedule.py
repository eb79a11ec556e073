import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from device_sim.errors import InvalidSimulationError
from device_sim.recorded import NO_EVENTS
from device_sim.schedule import Fault, Message, Schedule, Source
from ingest.codecs.decoded import PayloadError
from ingest.codecs.json_payloads import decode_telemetry

HOUR_MS = 3_600_000


def readings(devices: int = 4, hours: int = 500) -> pd.DataFrame:
    ts = pd.date_range("2026-01-01", periods=hours, freq="h", tz="UTC")
    frames = [
        pd.DataFrame({"device": f"d{n}", "ts": ts, "a": np.arange(hours) + 0.5, "b": np.nan}) for n in range(devices)
    ]
    return pd.concat(frames, ignore_index=True)


def events() -> pd.DataFrame:
    ts = pd.Timestamp("2026-01-02T00:00:30Z")
    return pd.DataFrame(
        {"device": ["d1"], "ts": [ts], "kind": ["failure"], "code": ["leak"], "component": ["pump"], "detail": [None]}
    )


def messages(schedule: Schedule) -> list[Message]:
    return [schedule.message(index) for index in range(len(schedule))]


def test_messages_come_in_the_order_of_device_time_in_the_form_of_the_wire():
    schedule = Schedule(readings(2, 30), events())
    told = messages(schedule)
    assert [message.ts for message in told] == sorted(message.ts for message in told)
    assert (told[0].topic, json.loads(told[0].payload)) == (
        "devices/d0/telemetry",
        {"ts": 1767225600000, "values": {"a": 0.5}},
    )
    (event,) = (message for message in told if message.source is Source.EVENT)
    assert event.topic == "devices/d1/events"
    assert json.loads(event.payload) == {"ts": event.ts, "kind": "failure", "code": "leak", "component": "pump"}
    assert schedule.failure_mode(event) == "leak"
    assert schedule.failure_mode(told[0]) is None


def test_faults_are_mixed_in_as_promised_and_lose_nothing():
    plain, faulty = Schedule(readings(), events()), Schedule(readings(), events())
    faulty.mix_in_faults(seed=3)
    told = messages(faulty)
    counts = Counter(message.fault for message in told)
    for fault in (Fault.DUPLICATE, Fault.LATE, Fault.REORDERED, Fault.MALFORMED):
        assert 0.01 * len(plain) < counts[fault] < 0.03 * len(plain)
    sound = {message.payload + message.topic.encode() for message in told if message.fault is not Fault.MALFORMED}
    assert sound == {message.payload + message.topic.encode() for message in messages(plain)}
    assert (np.diff(faulty.due) >= 0).all()
    again = Schedule(readings(), events())
    again.mix_in_faults(seed=3)
    assert messages(again) == told


def test_late_and_swapped_messages_follow_later_ones_of_their_device():
    schedule = Schedule(readings(), NO_EVENTS)
    schedule.mix_in_faults(seed=3)
    newest: dict[str, int] = {}
    behind = Counter[Fault]()
    for message in messages(schedule):
        behind[message.fault] += message.ts < newest.get(message.device, 0)
        newest[message.device] = max(message.ts, newest.get(message.device, 0))
    faults = Counter(Fault(fault) for fault in schedule.fault)
    assert behind[Fault.LATE] >= faults[Fault.LATE] - 8  # nothing is left that could overtake the very last ones
    assert behind[Fault.REORDERED] >= 0.9 * faults[Fault.REORDERED]
    assert behind[Fault.NONE] == 0


def test_no_malformed_payload_can_be_stored():
    schedule = Schedule(readings(), NO_EVENTS)
    schedule.mix_in_faults(seed=3)
    garbage = {message.payload for message in messages(schedule) if message.fault is Fault.MALFORMED}
    assert len(garbage) >= 5
    for payload in garbage:
        with pytest.raises(PayloadError):
            decode_telemetry("devices/d0/telemetry", payload, pd.Timestamp("2026-01-01T00:00Z").to_pydatetime())


@pytest.mark.parametrize(
    ("values", "problem"),
    [([1.0, None], "reading 2 has no value"), ([1.0, float("inf")], "infinite"), (["x", 1], "no number")],
)
def test_a_reading_that_cannot_be_told_is_refused(values: list[object], problem: str):
    frame = pd.DataFrame({"device": "d", "ts": pd.date_range("2026-01-01", periods=2, tz="UTC"), "a": values})
    with pytest.raises(InvalidSimulationError, match=problem):
        Schedule(frame, NO_EVENTS)


def test_what_is_planned_of_a_device_is_replaced_from_an_instant_on():
    schedule = Schedule(readings(devices=2, hours=48), events())
    since = int(pd.Timestamp("2026-01-02T12:00Z").timestamp() * 1000)
    new = readings(devices=2, hours=60).query("device == 'd1' and ts >= '2026-01-02T12:00Z'").assign(a=-1.0)

    schedule.replace("d1", since, new, NO_EVENTS, sent=20)

    said = [schedule.message(place) for place in range(len(schedule))]
    assert [message.ts for message in said] == sorted(message.ts for message in said)
    assert len([message for message in said if message.device == "d0"]) == 48
    own = [message for message in said if message.device == "d1" and message.source is Source.READING]
    assert len(own) == 60
    assert {json.loads(message.payload)["values"]["a"] for message in own if message.ts >= since} == {-1.0}
    assert [schedule.failure_mode(message) for message in said if message.source is Source.EVENT] == ["leak"]


def test_an_event_that_does_not_come_to_pass_is_not_planned_any_more():
    schedule = Schedule(readings(devices=2, hours=48), events())

    schedule.replace("d1", 0, readings(devices=2, hours=48).query("device == 'd1'"), NO_EVENTS, sent=0)

    assert len(schedule) == 96


def test_what_is_older_than_the_plan_is_not_said_again():
    plan = readings(devices=1, hours=48)
    schedule = Schedule(plan.iloc[24:], NO_EVENTS)
    schedule.replace(plan["device"].iloc[0], 0, plan, NO_EVENTS, sent=0)
    assert len(schedule) == 24
