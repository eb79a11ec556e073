from datetime import UTC, datetime

import pytest

from device_sim.fleet import simulate_fleet
from device_sim.remote.machine import machines_of, recorded_machines

START = datetime(2026, 1, 1, tzinfo=UTC)
FILTER = "clogged_intake_filter"


@pytest.fixture(scope="module")
def fleet():
    return simulate_fleet("compressor", 6, START, 24 * 150, seed=3)


def test_the_self_test_finds_what_the_physics_says_shortly_before_each_failure(fleet):
    machines = machines_of(fleet)
    components = {mode.name: mode.component for mode in fleet.members["SC-0001"].physics.modes}
    failures = fleet.events[fleet.events["kind"] == "failure"]
    assert len(failures) > 5
    for device, ts, mode in zip(failures["device"], failures["ts"], failures["code"], strict=True):
        checks = machines[device].self_test(ts.timestamp() - 24 * 3600)
        assert components[mode] in {check["component"] for check in checks if not check["passed"]}


def test_a_new_machine_passes(fleet):
    assert all(check["passed"] for check in machines_of(fleet)["SC-0001"].self_test(START.timestamp()))


def test_a_cleaned_machine_says_something_else_from_then_on(fleet):
    machine = machines_of(fleet)["SC-0001"]
    at = START.timestamp() + 86400 * 60
    before, after = machine.channels(at - 7200), machine.channels(at + 86400 * 20)

    since, readings, events = machine.clean(FILTER, at)

    assert at <= since < at + 3600
    assert readings["ts"].min().timestamp() == since
    assert events.empty or events["ts"].min().timestamp() >= since
    assert machine.channels(at - 7200) == before
    assert machine.channels(at + 86400 * 20) != after


def test_a_cleaning_after_the_last_hour_changes_nothing(fleet):
    _, readings, events = machines_of(fleet)["SC-0001"].clean(FILTER, START.timestamp() + 86400 * 150)

    assert readings.empty
    assert events.empty


def test_of_a_recording_only_the_channels_are_known(fleet):
    machine = recorded_machines(fleet.readings)["SC-0002"]

    assert machine.self_test(START.timestamp()) == []
    assert not machine.can_clean(FILTER)
    assert len(machine.log_lines(START.timestamp() + 86400, 5)) == 5
