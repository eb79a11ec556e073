"""Killed in the middle of many commands: each is executed once by the devices' own count, and none is stuck."""

from __future__ import annotations

import pytest

from diagnostics.commands import Wish, request_fleet
from domain.account import Role
from domain.clock import system_clock
from domain.command import CommandState
from store import fleet_commands

from .conftest import Station, wait_for
from .killed_process import diagnostics_process

COMMANDS = 300


@pytest.mark.parametrize("killed_after", [1, 100])
def test_no_command_is_sent_twice_and_none_is_stuck(station: Station, killed_after: int) -> None:
    names = station.register(COMMANDS)
    with station.database.transaction() as connection:
        wish = Wish("snapshot", {})
        fleet_id = request_fleet(
            connection, station.catalog, names, wish, who="anna", role=Role.ADMIN, now=system_clock()
        ).fleet_id

    def finished() -> int:
        with station.database.transaction() as connection:
            return fleet_commands.get(connection, fleet_id).finished

    with diagnostics_process(station.database.url, station.mqtt_url) as process:
        wait_for(lambda: len(station.devices.requests) >= killed_after)
        process.kill()
    assert finished() < COMMANDS
    with station.speaking():
        wait_for(lambda: finished() == COMMANDS, within=60)

    with station.database.transaction() as connection:
        assert fleet_commands.get(connection, fleet_id).states == {CommandState.SUCCEEDED: COMMANDS}
    assert len(station.devices.executed) == COMMANDS
    assert set(station.devices.executed.values()) == {1}
    assert len(station.devices.requests) == COMMANDS
    assert station.rejected() == []
