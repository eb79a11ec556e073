"""What simulated devices do with twins and commands, over the real broker."""

import hashlib
import json
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from device_sim.broker import parse_broker_url
from device_sim.fleet import simulate_fleet
from device_sim.publisher import Clients, Publisher
from device_sim.remote.answering import Answering
from device_sim.remote.behaviour import Behaviour
from device_sim.remote.machine import machines_of
from device_sim.replay_clock import ReplayClock
from device_sim.schedule import Schedule
from tests.integration.asking import DEADLINE, Platform

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = 24 * 100
FILTER = "clogged_intake_filter"


class Simulation:
    """A fleet of compressors that begins to publish when a filter of it is most of the way to its end."""

    def __init__(self, url, folder):
        fleet = simulate_fleet("compressor", 12, START, HOURS, seed=7)
        failures = fleet.events[(fleet.events["kind"] == "failure") & (fleet.events["code"] == FILTER)]
        self.fails_at = failures["ts"].iloc[0]
        self.clogged = failures["device"].iloc[0]
        live = fleet.cut((self.fails_at - (self.fails_at - START) * 0.02).to_pydatetime())[1]
        machines = {name: machine for name, machine in machines_of(fleet).items() if name in live.members}
        others = [name for name in machines if name != self.clogged]
        self.of = dict(zip(list(Behaviour)[2:], others, strict=False))
        self.good = others[-1]
        self.executions = folder / "executions.csv"
        answering = Answering(machines, {name: kind for kind, name in self.of.items()}, self.executions)
        self.schedule = Schedule(live.readings, live.events)
        clock = ReplayClock(live.readings["ts"].min().timestamp(), time.time(), 1.0)
        broker = parse_broker_url(url)
        self.publisher = Publisher(self.schedule, clock, broker, clients=Clients.PER_DEVICE, answering=answering)

    def executed(self, number):
        return Counter(line.split(",")[1] for line in self.executions.read_text().splitlines())[number]


@pytest.fixture(scope="module")
def platform(mqtt_url):
    with Platform(mqtt_url) as platform:
        yield platform


@pytest.fixture(scope="module")
def simulation(mqtt_url, platform, tmp_path_factory):
    simulation = Simulation(mqtt_url, tmp_path_factory.mktemp("simulation"))
    running = simulation.publisher.start()
    for device in simulation.schedule.devices:
        assert json.loads(platform.next(f"devices/{device}/status").payload)["state"] == "online"
    yield simulation
    simulation.publisher.stop()
    running.result(DEADLINE)
    for device in simulation.schedule.devices:
        platform.forget(device)


def test_a_device_introduces_itself(platform, simulation):
    report = platform.reported(simulation.good, lambda report: True)

    assert report["firmware"]
    assert [part["component"] for part in report["components"]] == ["air_end", "intake_filter", "oil_circuit"]
    assert report["reported"]["pressure_set_point"] == 7.5


def test_a_device_applies_what_is_desired_and_refuses_the_rest_with_reasons(platform, simulation):
    desired = {"pressure_set_point": 7.0, "drain_minutes": "often", "colour": 3}
    platform.desire(simulation.good, 3, desired)

    report = platform.reported(simulation.good, lambda report: report.get("version") == 3)

    assert report["reported"]["pressure_set_point"] == 7.0
    assert report["reported"]["drain_minutes"] == 30
    assert set(report["refused"]) == {"drain_minutes", "colour"}


def test_a_snapshot_is_read_now(platform, simulation):
    number, correlation = platform.ask(simulation.good, "snapshot")

    steps, _ = platform.answers(simulation.good, number, correlation)

    assert [step["state"] for step in steps] == ["acknowledged", "succeeded"]
    assert steps[-1]["result"]["values"]["run_hours"] > 1000


def test_a_request_that_comes_again_is_answered_again_and_not_carried_out_again(platform, simulation):
    number, _ = platform.ask(simulation.good, "snapshot")
    first, _ = platform.answers(simulation.good, number)

    _, correlation = platform.ask(simulation.good, "snapshot", number)
    again, _ = platform.answers(simulation.good, number, correlation)

    assert again == first[-1:]
    assert simulation.executed(number) == 1


def test_the_self_test_finds_the_clogged_filter_and_cleaning_mends_it_without_a_visit(platform, simulation):
    device = simulation.clogged
    found = platform.do(device, "self_test")["result"]
    failed = [check["component"] for check in found["checks"] if not check["passed"]]

    cleaned = platform.do(device, "clean_intake_filter")["result"]

    assert failed == ["intake_filter"]
    assert (cleaned["before"]["passed"], cleaned["after"]["passed"]) == (False, True)
    assert platform.do(device, "self_test")["result"]["passed"]
    planned = [simulation.schedule.message(place) for place in range(len(simulation.schedule))]
    failures = [
        message for message in planned if message.device == device and simulation.schedule.failure_mode(message)
    ]
    assert all(message.ts > (simulation.fails_at.timestamp() + 10 * 86400) * 1000 for message in failures)


def test_a_log_comes_in_parts_with_a_checksum(platform, simulation):
    number, correlation = platform.ask(simulation.clogged, "log", arguments={"lines": 5000})
    steps, parts = platform.answers(simulation.clogged, number, correlation)
    [file] = steps[-1]["result"]["files"]
    whole = b"".join(payload for _, payload in parts)

    assert file["parts"] == len(parts) >= 2
    assert [properties["part"] for properties, _ in parts] == [str(n + 1) for n in range(len(parts))]
    assert file["sha256"] == hashlib.sha256(whole).hexdigest() == parts[0][0]["sha256"]
    assert file["size"] == len(whole)


def test_sampling_sends_readings_between_the_scheduled_ones(platform, simulation):
    result = platform.do(simulation.good, "sampling", interval_seconds=1, duration_seconds=10)["result"]

    rows = json.loads(platform.next(f"devices/{simulation.good}/telemetry").payload)
    while not isinstance(rows, list):
        rows = json.loads(platform.next(f"devices/{simulation.good}/telemetry").payload)
    assert rows[0]["ts"] < result["until"]
    assert "oil_pressure" in rows[0]["values"]


def test_a_setting_is_applied_and_reported(platform, simulation):
    done = platform.do(simulation.good, "apply", settings={"drain_minutes": 45})
    refused = platform.do(simulation.good, "apply", settings={"drain_minutes": 46, "pressure_set_point": 99})

    report = platform.reported(simulation.good, lambda report: report["reported"]["drain_minutes"] == 45)
    assert done["result"] == {"applied": {"drain_minutes": 45}}
    assert refused["error"] == {"code": "refused", "message": "pressure_set_point: 99 is outside 5 to 10"}
    assert report["reported"]["sampling_seconds"] == 3600


def test_a_restart_goes_offline_and_comes_back(platform, simulation):
    states = platform.heard(f"devices/{simulation.good}/status")

    assert platform.do(simulation.good, "restart")["state"] == "succeeded"

    assert [json.loads(states.get(timeout=DEADLINE).payload)["state"] for _ in range(2)] == ["offline", "online"]


@pytest.mark.parametrize(
    ("behaviour", "command", "code"),
    [
        (Behaviour.OLD, "self_test", "unknown_command"),
        (Behaviour.FAILING, "snapshot", "device_error"),
        (Behaviour.SLOW, "sing", "unknown_command"),
    ],
)
def test_a_command_that_comes_to_nothing_says_why(platform, simulation, behaviour, command, code):
    assert platform.do(simulation.of[behaviour], command)["error"]["code"] == code


def test_what_a_device_cannot_read_is_answered_with_the_reason(platform, simulation):
    device = simulation.good
    elsewhere = {"response_topic": f"devices/{simulation.clogged}/commands/1/response"}

    for ask in ({"payload": b"{"}, {"payload": b'{"id": "other", "command": "snapshot"}'}, elsewhere):
        number, correlation = platform.ask(device, "snapshot", **ask)
        steps, _ = platform.answers(device, number, correlation)
        assert [step["error"]["code"] for step in steps] == ["invalid_request"]
    assert platform.do(device, "sampling", interval_seconds=0)["error"]["code"] == "invalid_argument"


def test_an_impostor_answers_as_another_and_a_forger_with_data_of_its_own(platform, simulation):
    impostor, forger = simulation.of[Behaviour.IMPOSTOR], simulation.of[Behaviour.FORGER]
    devices = simulation.schedule.devices
    other = devices[devices.index(impostor) + 1]

    number, correlation = platform.ask(impostor, "snapshot")
    assert platform.answers(other, number, correlation)[0][-1]["state"] == "succeeded"
    number, correlation = platform.ask(forger, "snapshot")
    message = platform.next(f"devices/{forger}/commands/{number}/response")
    assert message.properties.CorrelationData not in (None, correlation)


def test_uploads_can_be_corrupt_or_cut_short(platform, simulation):
    steps, parts = platform.answers(*_log(platform, simulation.of[Behaviour.CORRUPT]))
    [file] = steps[-1]["result"]["files"]
    assert hashlib.sha256(b"".join(payload for _, payload in parts)).hexdigest() != file["sha256"]

    steps, parts = platform.answers(*_log(platform, simulation.of[Behaviour.TRUNCATED]))
    assert len(parts) == steps[-1]["result"]["files"][0]["parts"] - 1


def test_a_silent_device_acknowledges_and_is_not_heard_again(platform, simulation):
    device = simulation.of[Behaviour.SILENT]
    number, _ = platform.ask(device, "snapshot")
    assert json.loads(platform.next(f"devices/{device}/commands/{number}/response").payload)["state"] == "acknowledged"

    platform.do(simulation.good, "self_test")

    assert platform.heard(f"devices/{device}/commands/{number}/response").empty()


def _log(platform, device):
    return device, *platform.ask(device, "log")
