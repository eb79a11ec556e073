"""Rules on what was really written: alarms, late readings, two processes, a process that dies, silence, whole sites."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from aftercare.wiring import Catalog
from alerts import rule_alarms, watch
from alerts.absences import judge_absences
from alerts.rule_alarms import judge_silence, judge_written, retire_rules
from alerts.watch_metrics import WatchMetrics
from domain.alarm import Severity
from domain.alarm_rule import AlarmRule, Limit, Silence
from domain.device import Device
from domain.device_model import DeviceModel
from ingest.upkeep.readings import take_written
from store import devices, reading_batches, rule_memories
from store.database import Database
from store.presence import Listening
from store.reading_block import ReadingBlock

NOW = datetime(2026, 1, 3, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HOT = AlarmRule("hot", "Too hot", Severity.MAJOR, Limit("vibration", bound=10, clear=8), patience=timedelta(hours=3))
SILENT = AlarmRule("silent", "No vibration", Severity.MINOR, Silence("vibration", timedelta(hours=2)))


@dataclass
class Plant:
    """Compressors with a rule for heat and one for silence."""

    database: Database
    device_model: DeviceModel

    def register(self, *names: str, site: str = "Plant 1") -> None:
        with self.database.transaction() as connection:
            for name in names:
                device = Device(name, "compressor", customer="Dairy", site=site, service_centre="north")
                devices.save(connection, [device])

    def write(self, name: str, values: Mapping[int, float]) -> None:
        """Readings by minute after NOW, as ingest writes them, taken by upkeep."""
        [(device_id,)] = self.rows("SELECT device_id FROM devices WHERE name = %s", name)
        channels = [channel.name for channel in self.device_model.channels]
        block = ReadingBlock(
            device_id=np.full(len(values), device_id, dtype=np.int64),
            ts=np.array([(NOW + minute * MINUTE).timestamp() * 1e6 for minute in sorted(values)], dtype=np.int64),
            values=np.full((len(values), len(channels)), np.nan),
        )
        block.values[:, channels.index("vibration")] = [values[minute] for minute in sorted(values)]
        with self.database.transaction() as connection:
            reading_batches.write(connection, self.device_model, block)
            connection.execute(
                "UPDATE devices SET last_seen_at = greatest(last_seen_at, %s) WHERE device_id = %s",
                (NOW + max(values) * MINUTE, device_id),
            )
        take_written(self.database, self.device_model)

    def judge(self) -> int:
        """All that waits; changes told."""
        told = 0
        while (judged := judge_written(self.database, self.device_model, NOW)).devices:
            told += judged.told
        return told

    def silence(self, minutes: float, since: timedelta = timedelta(days=1)) -> int:
        until = NOW + minutes * MINUTE
        return judge_silence(self.database, self.device_model, Listening(until - since, until), until)

    def go_offline(self, *names: str, back: bool = False) -> None:
        state = "online" if back else "offline"
        self.rows(
            "UPDATE devices SET connectivity = %s, connectivity_at = %s WHERE name = ANY (%s)", state, NOW, list(names)
        )

    def judge_absences(self, hours: float) -> int:
        return judge_absences(self.database, [self.device_model], NOW + timedelta(hours=hours))

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def alarms(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT d.name, alarm_type, active, count FROM alarms LEFT JOIN devices d USING (device_id) "
                         "ORDER BY alarm_id")  # fmt: skip

    def feed(self) -> list[str]:
        return [change for (change,) in self.rows("SELECT payload ->> 'change' FROM outbox ORDER BY outbox_id")]


@pytest.fixture
def plant(database_url: str, catalog: Catalog) -> Iterator[Plant]:
    with Database(database_url, max_size=8) as database:
        database_of = Plant(database, replace(catalog["compressor"], alarm_rules=[HOT, SILENT]))
        database_of.rows("INSERT INTO service_centres VALUES ('north', '', 'Europe/Berlin')")
        database_of.register("c1")
        yield database_of


def test_a_reading_beyond_the_limit_raises_and_one_well_below_clears(plant: Plant) -> None:
    plant.write("c1", {0: 5, 1: 11})
    assert plant.judge() == 1
    [(message,)] = plant.rows("SELECT message FROM alarms")
    assert message == "Too hot: vibration at the air end 11 mm/s, above 10 mm/s, 2026-01-03 00:01 UTC"
    plant.write("c1", {2: 9})
    assert plant.judge() == 0
    plant.write("c1", {3: 7})
    assert plant.judge() == 1
    assert plant.alarms() == [("c1", "rule:hot", False, 1)]
    assert plant.feed() == ["raised", "cleared"]
    assert plant.judge() == 0


def test_late_readings_end_as_orderly_ones_and_tell_nothing_twice(plant: Plant) -> None:
    plant.write("c1", {0: 5, 10: 11, 20: 5})
    plant.judge()
    plant.write("c1", {11: 12, 5: 5, 15: 4})  # within what was told, and beside it
    plant.judge()
    assert plant.feed() == ["raised", "cleared"]
    plant.write("c1", {2: 13, 3: 4})  # a time in alarm that nobody knew of
    plant.judge()
    assert plant.feed() == ["raised", "cleared"] * 2
    plant.write("c1", {30: 11})
    plant.judge()
    plant.write("c1", {29: 12})
    plant.judge()
    assert plant.feed() == [*["raised", "cleared"] * 2, "raised"]
    assert [active for _, _, active, _ in plant.alarms()] == [False, False, True]


def test_history_that_is_imported_raises_nothing(plant: Plant) -> None:
    plant.write("c1", {-60 * 24 * 30: 11})
    assert judge_written(plant.database, plant.device_model, NOW).history == 1
    plant.write("c1", {-60 * 24 * 30: 11, 0: 5})
    plant.judge()
    assert plant.alarms() == []


def test_a_long_stretch_is_judged_piece_by_piece(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_alarms, "READINGS_AT_ONCE", 4)
    plant.write("c1", {minute: 11 if minute in (3, 9, 12) else 5 for minute in range(14)})
    plant.judge()
    assert plant.alarms() == [("c1", "rule:hot", False, 1)] * 3


def test_a_process_that_dies_midway_leaves_all_for_the_next(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.write("c1", {0: 11})
    with monkeypatch.context() as patch:
        patch.setattr(rule_alarms.rule_memories, "keep", _die)
        with pytest.raises(SystemExit):
            plant.judge()
    assert (plant.alarms(), plant.feed()) == ([], [])
    assert plant.judge() == 1
    assert plant.feed() == ["raised"]


def _die(*_: object) -> None:
    raise SystemExit(9)


def test_several_processes_raise_each_alarm_once(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_alarms, "DEVICES_AT_ONCE", 5)
    names = [f"m{number}" for number in range(40)]
    plant.register(*names)
    for name in names:
        plant.write(name, {0: 11})
    with ThreadPoolExecutor(4) as pool:
        told = sum(pool.map(lambda _: plant.judge(), range(4)))
    assert told == 40
    assert plant.alarms() == [(name, "rule:hot", True, 1) for name in sorted(names, key=_first_seen(plant))]
    assert plant.feed() == ["raised"] * 40


def _first_seen(plant: Plant) -> Callable[[str], int]:
    order = [name for name, *_ in plant.alarms()]
    return order.index


def test_silence_is_told_once_and_ends_when_the_device_is_heard(plant: Plant) -> None:
    plant.write("c1", {0: 5})
    plant.judge()
    assert plant.silence(119) == 0
    assert plant.silence(600, since=timedelta(hours=1)) == 0, "ingest has not listened for long enough"
    assert (plant.silence(121), plant.silence(122)) == (1, 0)
    plant.write("c1", {-5: 5})
    assert plant.judge() == 0, "late, and from before the silence"
    plant.write("c1", {200: 5})
    assert plant.judge() == 1
    assert plant.feed() == ["raised", "cleared"]


def test_a_device_whose_reading_waits_for_upkeep_is_not_silent(plant: Plant) -> None:
    plant.write("c1", {0: 5})
    plant.judge()
    plant.rows("UPDATE devices SET last_seen_at = %s", NOW + 100 * MINUTE)
    assert plant.silence(121) == 0


def test_alarms_of_a_rule_that_was_taken_out_are_cleared(plant: Plant) -> None:
    plant.write("c1", {0: 11})
    plant.judge()
    assert retire_rules(plant.database, plant.device_model, NOW) == 0
    assert retire_rules(plant.database, replace(plant.device_model, alarm_rules=[SILENT]), NOW) == 1
    assert plant.alarms() == [("c1", "rule:hot", False, 1)]


def test_a_device_that_stays_offline_is_an_alarm_until_it_is_back(plant: Plant) -> None:
    plant.go_offline("c1")
    assert plant.judge_absences(5.9) == 0
    assert (plant.judge_absences(6.1), plant.judge_absences(6.2)) == (1, 0)
    assert plant.alarms() == [("c1", "offline", True, 1)]
    plant.go_offline("c1", back=True)
    assert plant.judge_absences(6.3) == 1
    assert plant.feed() == ["raised", "cleared"]


def test_time_does_not_wait_for_readings_that_come_as_fast_as_they_are_judged(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "TIME_SECONDS", 0.1)
    plant.register("c2")
    plant.go_offline("c2")
    stop, deadline, minutes = threading.Event(), time.monotonic() + 10, itertools.count()

    def clock() -> datetime:
        plant.write("c1", {next(minutes): 1.0})
        if plant.alarms() or time.monotonic() > deadline:
            stop.set()
        return NOW + DAY

    watch.Watch(plant.database, [plant.device_model], clock, WatchMetrics(plant.database), DAY).run(stop)
    assert time.monotonic() < deadline


def test_a_site_that_goes_quiet_is_one_alarm(plant: Plant) -> None:
    names = [f"m{number}" for number in range(60)]
    plant.register(*names, site="Plant 2")
    plant.go_offline("c1", back=True)
    plant.go_offline(*names)
    assert (plant.judge_absences(6.1), plant.judge_absences(6.2)) == (1, 0)
    assert plant.rows("SELECT customer, site, message FROM alarms") == [
        ("Dairy", "Plant 2", "Site offline: 60 of 60 devices")
    ]
    assert plant.rows("SELECT count(*) FROM alarm_members WHERE left_at IS NULL") == [(60,)]
    plant.go_offline(*names[:20], back=True)
    assert plant.judge_absences(6.3) == 0
    assert plant.rows("SELECT count(*) FROM alarm_members WHERE left_at IS NULL") == [(40,)]
    plant.go_offline(names[0])
    assert plant.judge_absences(6.35) == 0
    joined = plant.rows("SELECT d.name FROM alarm_members m JOIN devices d USING (device_id) ORDER BY joined_at DESC")
    assert joined[0] == (names[0],), "away since it went again"
    plant.go_offline(*names[:57], back=True)
    assert plant.judge_absences(6.4) == 4, "those that are still away speak for themselves"
    assert plant.feed() == ["raised", "cleared", *["raised"] * 3]


def test_a_device_that_went_before_its_site_is_told_by_the_site(plant: Plant) -> None:
    plant.register("c2", "c3")
    plant.go_offline("c2", "c3", back=True)
    plant.go_offline("c1")
    plant.judge_absences(6.1)
    plant.go_offline("c2", "c3")
    assert plant.judge_absences(6.2) == 2
    assert [row[1:3] for row in plant.alarms()] == [("offline", False), ("site_offline", True)]


def test_a_site_that_goes_quiet_raises_no_alarm_of_a_rule_for_silence_that_is_quicker_than_presence(
    plant: Plant,
) -> None:
    names = [f"m{number}" for number in range(5)]
    plant.register(*names, site="Plant 2")
    for name in names:
        plant.write(name, {0: 5})
    plant.judge()
    plant.rows("UPDATE device_models SET reading_interval = '1 hour'")
    plant.rows("UPDATE devices SET connectivity = 'online', connectivity_at = %s, heard_at = %s", NOW - DAY, NOW)
    assert plant.silence(121) == 0, "overdue: presence may call them offline within the next two hours"
    plant.go_offline(*names)
    assert plant.silence(600) == 0, "the site's alarm tells of them"
    assert plant.judge_absences(11) == 1
    assert plant.feed() == ["raised"]


def test_a_channel_that_is_silent_while_its_device_is_heard_is_an_alarm(plant: Plant) -> None:
    plant.write("c1", {0: 5})
    plant.judge()
    plant.rows("UPDATE device_models SET reading_interval = '1 hour'")
    plant.rows(
        "UPDATE devices SET connectivity = 'online', connectivity_at = %s, heard_at = %s",
        NOW + 60 * MINUTE,
        NOW + 170 * MINUTE,
    )
    assert plant.silence(175) == 0, "it has been online for less than two hours"
    plant.rows("UPDATE devices SET connectivity_at = %s", NOW - DAY)
    assert plant.silence(175) == 1


def test_a_device_that_presence_does_not_call_offline_in_time_is_an_alarm(plant: Plant) -> None:
    plant.write("c1", {0: 5})
    plant.judge()
    plant.rows("UPDATE device_models SET reading_interval = '1 hour'")
    plant.rows("UPDATE devices SET connectivity = 'online', connectivity_at = %s, heard_at = %s", NOW - DAY, NOW)
    assert plant.silence(181) == 0
    assert plant.silence(183) == 1


def test_active_hours_are_those_of_the_site(plant: Plant) -> None:
    site = (
        "INSERT INTO sites (customer, site, time_zone, hours, holidays, closed_days, travel_cost) "
        "VALUES ('Dairy', 'Plant 1', 'America/Denver', '24/7', '', '{}', 0)"
    )
    plant.register("c9", site="Plant 9")
    plant.rows(site)
    with plant.database.transaction() as connection:
        zones = rule_memories.zones(connection, plant.device_model)
    assert zones == {"c1": "America/Denver", "c9": "Europe/Berlin"}
    plant.write("c1", {0: 5})
    with plant.database.transaction() as connection:
        [taken] = rule_memories.take(connection, plant.device_model, limit=10)
    assert taken.time_zone == "America/Denver"
