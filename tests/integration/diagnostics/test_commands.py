"""A command's way to a device and back, over the real broker."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from aftercare.cli.main import commands as aftercare_commands
from diagnostics import commands as desk
from diagnostics.commands import Wish
from domain.account import Role
from domain.clock import system_clock
from domain.command import CommandState
from domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, TooManyAttemptsError
from store import command_files, commands, fleet_commands

from .conftest import Station, wait_for


def test_a_command_goes_out_once_and_its_answers_move_it_on(speaking_station: Station) -> None:
    station = speaking_station
    [device] = station.register()

    command = station.ended(station.ask(device, "sampling", arguments={"interval_seconds": 5}).command_id)

    assert command.state is CommandState.SUCCEEDED
    assert command.arguments == {"interval_seconds": 5, "duration_seconds": 600}
    [request] = station.devices.requests
    assert request.properties.MessageExpiryInterval <= 3600
    with station.database.transaction() as connection:
        told = [step.state for step in commands.steps(connection, command.command_id)]
    assert sorted(told) == ["acknowledged", "running", "succeeded"]


def test_what_was_asked_while_nobody_spoke_with_devices_goes_out_later(station: Station) -> None:
    [device] = station.register()
    command_id = station.ask(device).command_id
    assert station.get(command_id).state is CommandState.QUEUED

    with station.speaking():
        assert station.ended(command_id).state is CommandState.SUCCEEDED


def test_a_device_that_is_offline_is_waited_for(speaking_station: Station) -> None:
    station = speaking_station
    offline, other = station.register(2)
    station.rows("UPDATE devices SET connectivity = 'offline' WHERE name = %s", offline)
    waiting = station.ask(offline).command_id
    station.ended(station.ask(other).command_id)
    assert station.get(waiting).state is CommandState.QUEUED

    station.rows("UPDATE devices SET connectivity = 'online' WHERE name = %s", offline)

    assert station.ended(waiting).state is CommandState.SUCCEEDED


def test_a_command_nobody_answers_times_out_and_a_late_answer_changes_nothing(speaking_station: Station) -> None:
    station = speaking_station
    station.devices.answer = False
    [device] = station.register()
    command_id = station.ask(device).command_id
    request = station.sent(command_id)
    station.rows("UPDATE commands SET deadline = now() - interval '1 second'")
    assert station.ended(command_id).state is CommandState.TIMED_OUT

    station.devices.tell(request, state="succeeded", result={"late": True})

    wait_for(lambda: station.rejected() == ["late"])
    assert station.get(command_id).state is CommandState.TIMED_OUT


def test_an_answer_is_believed_from_the_device_that_was_asked_only(speaking_station: Station) -> None:
    station = speaking_station
    station.devices.answer = False
    device, other = station.register(2)
    command_id = station.ask(device).command_id
    request = station.sent(command_id)
    topic = request.properties.ResponseTopic

    station.devices.tell(request, state="succeeded", topic=topic.replace(device, other))
    station.devices.tell(request, state="succeeded", correlation=os.urandom(16))
    station.devices.tell(request, state="succeeded", topic=f"devices/{device}/commands/987654-00000000/response")
    station.devices.tell(request, state="shining")
    station.devices.send(request, b"{")

    wait_for(lambda: len(station.rejected()) == 5)
    assert sorted(station.rejected()) == ["correlation", "json", "response", "unknown_command", "wrong_device"]
    assert station.get(command_id).state is CommandState.SENT


def test_a_repeated_answer_is_no_news_and_one_that_goes_back_is_refused(speaking_station: Station) -> None:
    station = speaking_station
    station.devices.answer = False
    [device] = station.register()
    command_id = station.ask(device).command_id
    request = station.sent(command_id)

    for progress in (0.25, 0.5, 0.25):
        station.devices.tell(request, state="running", progress=progress)
    station.devices.tell(request, state="acknowledged")
    station.devices.tell(request, state="failed", error={"code": "busy", "message": "defrosting"})
    station.devices.tell(request, state="failed", error={"code": "busy", "message": "defrosting"})

    command = station.ended(command_id)
    assert (command.state, command.error_code, command.error_message) == (CommandState.FAILED, "busy", "defrosting")
    wait_for(lambda: station.rejected() == ["order"])


@pytest.mark.parametrize(
    ("damage", "state"),
    [("none", CommandState.SUCCEEDED), ("truncated", CommandState.FAILED), ("corrupt", CommandState.FAILED)],
)
def test_a_large_result_is_kept_whole_or_not_at_all(
    speaking_station: Station, damage: str, state: CommandState
) -> None:
    station = speaking_station
    station.devices.answer = False
    [device] = station.register()
    command_id = station.ask(device, "log").command_id
    request = station.sent(command_id)
    content = os.urandom(950)

    said = station.devices.upload(request, content, leave_out=4 if damage == "truncated" else 0)
    if damage == "corrupt":
        said["size"] += 1
    station.devices.tell(request, state="succeeded", result={"files": [said]})

    assert station.ended(command_id).state is state
    with station.database.transaction() as connection:
        files = command_files.files(connection, command_id=command_id)
        kept = [command_files.content(connection, one.command_file_id) for one in files]
    assert kept == ([("device.log", "text/plain", content)] if damage == "none" else [])
    assert station.rejected() == ([] if damage == "none" else ["upload"])
    assert station.rows("SELECT * FROM command_upload_parts") == []


def test_a_huge_upload_is_refused(speaking_station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.uploads.LARGEST_UPLOAD", 1000)
    station = speaking_station
    station.devices.answer = False
    [device] = station.register()
    command_id = station.ask(device, "log").command_id
    request = station.sent(command_id)

    said = station.devices.upload(request, os.urandom(1050))
    station.devices.tell(request, state="succeeded", result={"files": [said]})

    assert station.ended(command_id).error_code == "upload"
    assert station.rejected() == ["upload", "upload"]


def test_a_fleet_command_goes_to_all_that_may_be_sent_it(speaking_station: Station) -> None:
    station = speaking_station
    names = station.register(50)
    with station.database.transaction() as connection:
        asked = desk.request_fleet(
            connection,
            station.catalog,
            [*names, "nobody"],
            Wish("snapshot", {}),
            who="anna",
            role=Role.OPERATOR,
            now=system_clock(),
        )

    def fleet():
        with station.database.transaction() as connection:
            return fleet_commands.get(connection, asked.fleet_id)

    assert list(asked.refused) == ["nobody"]
    wait_for(lambda: fleet().finished == 50)
    assert fleet().states == {CommandState.SUCCEEDED: 50}
    assert set(station.devices.executed.values()) == {1}


def test_what_may_not_be_asked_is_refused_with_the_reason(station: Station) -> None:
    [device] = station.register()
    refusals = [
        (NotFoundError, "not registered", "nobody", "snapshot", {}),
        (NotFoundError, "lists no command 'explode'", device, "explode", {}),
        (InvalidInputError, "1 to 3600 s", device, "sampling", {"arguments": {"interval_seconds": 0}}),
        (InvalidInputError, "knows no argument", device, "snapshot", {"arguments": {"all": True}}),
        (ConflictError, "has to be confirmed", device, "restart", {}),
        (NotFoundError, "ticket 77", device, "snapshot", {"ticket_id": 77}),
    ]
    for kind, words, name, command, wish in refusals:
        with pytest.raises(kind, match=words):
            station.ask(name, command, **wish)
    with pytest.raises(ForbiddenError, match="planner"), station.database.transaction() as connection:
        desk.request(
            connection,
            station.catalog,
            device,
            Wish("restart", {}, confirmed=True),
            who="otto",
            role=Role.OPERATOR,
            now=system_clock(),
        )
    assert station.rows("SELECT * FROM commands") == []


def test_one_device_is_not_sent_more_than_its_limit(station: Station) -> None:
    [device] = station.register()
    for _ in range(station.catalog["heat_pump"].command_limit.commands):
        station.ask(device)

    with pytest.raises(TooManyAttemptsError, match="wait a while"):
        station.ask(device)


def test_a_command_can_be_called_back_until_it_goes_out(station: Station) -> None:
    [device] = station.register()
    command_id = station.ask(device).command_id
    with station.database.transaction() as connection:
        assert desk.cancel(connection, command_id, who="anna", now=system_clock()).state is CommandState.CANCELLED

    with station.speaking():
        other = station.ask(device).command_id
        station.ended(other)
    with pytest.raises(ConflictError, match="ended already"), station.database.transaction() as connection:
        desk.cancel(connection, other, who="anna", now=system_clock())
    assert len(station.devices.requests) == 1


def test_a_fleet_command_of_the_command_line_is_waited_for(
    speaking_station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = speaking_station
    station.register(3)
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", station.database.url)
    sent = ["commands", "send", "snapshot", "--device-model", "heat_pump", "--wait"]

    outcome = CliRunner().invoke(aftercare_commands, sent)

    assert outcome.exit_code == 0, outcome.output
    assert "queued for 3 devices" in outcome.output
    assert "3 succeeded" in outcome.output


def test_a_fleet_command_that_fails_on_one_device_ends_with_an_error(
    speaking_station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = speaking_station
    station.register(1)
    station.devices.ends = {"state": "failed", "error": {"code": "device_error", "message": "no"}}
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", station.database.url)
    sent = ["commands", "send", "snapshot", "--device-model", "heat_pump", "--wait"]

    outcome = CliRunner().invoke(aftercare_commands, sent)

    assert outcome.exit_code == 1
    assert "1 failed" in outcome.output
