import json

import pandas as pd
import pytest

from device_sim.errors import InvalidSimulationError
from device_sim.remote.behaviour import Behaviour, parse_behaviours
from device_sim.remote.device import Device
from device_sim.remote.machine import Machine
from device_sim.remote.wire import Incoming

READINGS = pd.DataFrame(
    {"device": "d", "ts": pd.date_range("2026-01-01", periods=3, freq="h", tz="UTC"), "a": [0, 6, 12]}
)
NEW_YEAR = READINGS["ts"].iloc[0].timestamp()
REQUEST = {"id": "7", "command": "snapshot", "arguments": {}}


class Bench:
    """One device whose clock shows NEW_YEAR at wall time 0."""

    def __init__(self, behaviour=Behaviour.GOOD):
        self.executed = []
        self.device = Device(
            Machine("d", READINGS),
            behaviour,
            lambda now: NEW_YEAR + now,
            lambda device, request: self.executed.append(request.id),
            lambda *_: None,
            "other",
        )

    def ask(self, now=0.0, payload=None, lifetime=60, number="7", **changes):
        body = json.dumps({**REQUEST, "id": number, **changes}).encode() if payload is None else payload
        heard = Incoming(f"devices/d/commands/{number}/request", body, None, b"c", lifetime)
        said, running = self.device.hear(heard, now)
        while running:
            more, pause = self.device.go_on(running, now)
            said += more
            if pause is None:
                break
        return [json.loads(one.payload) for one in said]

    def desire(self, payload):
        said, _ = self.device.hear(Incoming("devices/d/twin/desired", payload), 0.0)
        return [json.loads(one.payload) for one in said]


def test_a_snapshot_lies_between_the_readings():
    assert Bench().ask(now=1800)[-1]["result"]["values"] == {"a": 3.0}


def test_a_request_is_remembered_until_it_has_expired():
    bench = Bench()

    first, *_ = bench.ask(), bench.ask(now=100), bench.ask(now=130)

    assert [step["state"] for step in first] == ["acknowledged", "succeeded"]
    assert bench.executed == ["7", "7"], "what has expired cannot come again, and so is not remembered"


def test_a_request_that_comes_again_while_it_runs_gets_the_last_step():
    bench = Bench()
    heard = Incoming("devices/d/commands/7/request", json.dumps({**REQUEST, "command": "restart"}).encode())
    bench.device.hear(heard, 0.0)

    again, running = bench.device.hear(heard, 1.0)

    assert running is None
    assert json.loads(again[0].payload)["state"] == "acknowledged"


def test_many_requests_do_not_stay_in_memory():
    bench = Bench()
    for number in range(500):
        bench.ask(now=number * 10.0, number=str(number))

    assert len(bench.device._seen) <= 101


@pytest.mark.parametrize("payload", [b"", b"[]", b"\xff", b'{"id": "8", "command": "snapshot"}', b'{"id": "7"}'])
def test_a_request_that_cannot_be_read_is_not_carried_out(payload):
    bench = Bench()

    assert bench.ask(payload=payload)[0]["error"]["code"] == "invalid_request"
    assert bench.executed == []


@pytest.mark.parametrize("payload", [b"{", b"3", b'{"version": "1", "desired": {}}', b'{"version": 1, "desired": []}'])
def test_a_desired_twin_of_the_wrong_shape_changes_nothing(payload):
    [report] = Bench().desire(payload)

    assert report["refused"]["document"]
    assert report["reported"] == {"sampling_seconds": 3600}
    assert "version" not in report


def test_an_older_desired_twin_is_not_looked_at():
    bench = Bench()
    bench.desire(b'{"version": 5, "desired": {"sampling_seconds": 60}}')

    assert bench.desire(b'{"version": 4, "desired": {"sampling_seconds": 30}}') == []
    assert bench.desire(b"") == [], "the document was cleared"
    assert bench.device.interval() == (60.0, float("inf"))


def test_sampling_ends_by_itself():
    bench = Bench()
    bench.ask(command="sampling", arguments={"interval_seconds": 5, "duration_seconds": 60})

    bench.device.tick(59.0)
    assert bench.device.interval()[0] == 5
    bench.device.tick(60.0)
    assert bench.device.interval()[0] == 3600


def test_a_device_without_a_filter_that_cleans_itself_does_not_know_the_command():
    bench = Bench()

    assert bench.ask(command="clean_intake_filter")[0]["error"]["code"] == "unknown_command"
    assert bench.executed == []


def test_behaviours_are_given_by_device_or_for_all():
    assert parse_behaviours(["*=slow", "b=old"], ["a", "b"]) == {"a": Behaviour.SLOW, "b": Behaviour.OLD}


@pytest.mark.parametrize(
    ("text", "problem"), [("a=tired", "one of good, offline"), ("c=slow", "no device 'c'"), ("a", "is not")]
)
def test_behaviours_that_cannot_be_are_refused(text, problem):
    with pytest.raises(InvalidSimulationError, match=problem):
        parse_behaviours([text], ["a", "b"])
