"""The broker restarts, the database is away, two processes at once: no command is doubled, and none is stuck."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from aftercare.embedded import Binaries, EmbeddedBroker
from aftercare.wiring import Catalog
from diagnostics.commands import Wish, request_fleet
from domain.account import Role
from domain.clock import system_clock
from domain.command import CommandState
from store import fleet_commands

from .conftest import Station, speaking_process, station_at, wait_for

COMMANDS = 60


def ask_all(station: Station, names: list[str]) -> int:
    with station.database.transaction() as connection:
        wish = Wish("snapshot", {})
        return request_fleet(
            connection, station.catalog, names, wish, who="anna", role=Role.ADMIN, now=system_clock()
        ).fleet_id


def all_succeeded_once(station: Station, fleet_id: int) -> None:
    def states() -> dict[CommandState, int]:
        with station.database.transaction() as connection:
            return dict(fleet_commands.get(connection, fleet_id).states)

    wait_for(lambda: states() == {CommandState.SUCCEEDED: COMMANDS}, within=40)
    assert len(station.devices.executed) == COMMANDS
    assert Counter(station.devices.executed.values()) == {1: COMMANDS}


def test_of_two_processes_one_speaks_and_the_other_takes_over(station: Station) -> None:
    names = station.register(COMMANDS)
    second, stop = speaking_process(station), threading.Event()
    thread = threading.Thread(target=second.run, args=(stop, lambda: None))
    try:
        with station.speaking():
            thread.start()
            all_succeeded_once(station, ask_all(station, names))
            assert second.metrics.registry.get_sample_value("aftercare_diagnostics_connected") == 0
        station.devices.executed.clear()
        all_succeeded_once(station, ask_all(station, names))
        assert second.metrics.registry.get_sample_value("aftercare_diagnostics_connected") == 1
    finally:
        stop.set()
        thread.join(20)
    assert station.rejected() == []


@contextmanager
def away(server_url: str, database_url: str) -> Iterator[None]:
    """Nobody reaches the database in this block."""
    name = database_url.rpartition("/")[2]
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_answers_that_come_while_the_database_is_away_are_taken_in_later(station: Station, server_url: str) -> None:
    names = station.register(COMMANDS)
    with station.speaking() as process:
        fleet_id = ask_all(station, names)
        wait_for(lambda: bool(station.devices.requests))
        with away(server_url, station.database.url):
            outages = process.metrics.registry.get_sample_value
            wait_for(lambda: (outages("aftercare_diagnostics_outages_total") or 0) > 0)
        all_succeeded_once(station, fleet_id)
    assert station.rejected() == []


def test_a_broker_that_restarts_in_the_middle_doubles_and_loses_nothing(
    database_url: str, catalog: Catalog, device_prefix: str, binaries: Binaries, tmp_path: Path
) -> None:
    if binaries.shortcoming:
        pytest.skip(binaries.shortcoming)
    broker = EmbeddedBroker(binaries, tmp_path, name="restarted")
    broker.start()
    try:
        with station_at(database_url, broker.url, catalog, device_prefix) as station, station.speaking():
            names = station.register(COMMANDS)
            fleet_id = ask_all(station, names)
            wait_for(lambda: len(station.devices.requests) >= COMMANDS // 6)
            broker.stop()
            broker.start()
            all_succeeded_once(station, fleet_id)
            assert station.rejected() == []
    finally:
        broker.stop()
        binaries.remove(binaries.home(tmp_path, "restarted/broker"))
