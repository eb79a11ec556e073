"""Who is online: what devices tell, what the broker tells of them, and what their silence tells."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from domain.device import Connectivity, DeviceStatus
from ingest.upkeep.presence import judge_silence
from store import devices, presence
from store.devices import News

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
WEEK = timedelta(days=7)


@pytest.fixture
def device(bench):
    """The device `a`, to be told of and heard at chosen instants."""
    return Told(bench)


class Told:
    def __init__(self, bench):
        self.bench = bench
        self.database = bench.application.database
        [(self.device_id,)] = bench.rows("SELECT device_id FROM devices")

    def tell(self, state, ts=None, *, heard, live=True):
        status = DeviceStatus("a", ts or heard, Connectivity(state), dated=ts is not None)
        seen = int(status.ts.timestamp() * 1e6)
        with self.database.transaction() as connection:
            devices.note_news(connection, {self.device_id: News(seen, told=True)}, heard if live else None)
            presence.note_statuses(connection, [(self.device_id, status)], heard if live else None)

    def hear(self, at):
        with self.database.transaction() as connection:
            devices.note_news(connection, {self.device_id: News(int(at.timestamp() * 1e6))}, at)

    def beat(self, until, ingest_id="one"):
        with self.database.transaction() as connection:
            presence.beat(connection, ingest_id, stored_until=until, session_expiry=WEEK)

    @property
    def state(self):
        [(state,)] = self.bench.rows("SELECT connectivity FROM devices")
        return state

    @property
    def changes(self):
        return self.bench.rows("SELECT state, told_by FROM connectivity_changes ORDER BY connectivity_change_id")


def test_a_status_that_is_told_again_changes_nothing(device):
    for _ in range(3):
        device.tell("online", NOON, heard=NOON)

    assert device.changes == [("online", "status")]


def test_an_old_will_that_comes_after_a_newer_online_does_not_win(device):
    device.tell("online", NOON, heard=NOON)
    device.tell("online", NOON + HOUR, heard=NOON + HOUR)
    device.tell("offline", NOON, heard=NOON + HOUR + SECOND)

    assert device.changes == [("online", "status")]


def test_a_will_of_the_same_connection_wins_in_either_order(device):
    device.beat(NOON)
    device.tell("offline", NOON, heard=NOON + HOUR)
    device.tell("online", NOON, heard=NOON + HOUR)

    assert device.changes == [("offline", "status")]
    device.tell("online", NOON + HOUR, heard=NOON + HOUR)
    device.tell("offline", NOON + HOUR, heard=NOON + 2 * HOUR)
    device.tell("online", NOON + HOUR, heard=NOON + 2 * HOUR)
    device.beat(NOON + 2 * HOUR + 61 * SECOND)
    judge_silence(device.database)
    assert device.changes[1:] == [("online", "status"), ("offline", "will")]
    assert device.bench.rows("SELECT connectivity_at FROM devices") == [(NOON + 2 * HOUR,)]


def test_a_will_without_a_time_gives_way_to_the_connection_after_it_however_late_both_are_read(device):
    device.tell("online", NOON, heard=NOON)
    for _ in range(2):  # the second time after a crash of ingest before the acknowledgement
        device.tell("offline", heard=NOON + 5 * HOUR)
        device.tell("online", NOON + HOUR, heard=NOON + 5 * HOUR)

    device.beat(NOON)
    device.beat(NOON + 5 * HOUR + 61 * SECOND)
    judge_silence(device.database)
    assert device.changes == [("online", "status")]


def test_a_will_that_waited_in_quarantine_does_not_change_what_is_newer(device):
    device.tell("online", NOON + HOUR, heard=NOON + HOUR)
    device.tell("offline", heard=NOON, live=False)

    assert device.changes == [("online", "status")]


def test_a_device_that_falls_silent_and_comes_back_changes_once_each_way(device):
    device.beat(NOON)
    device.hear(NOON)
    device.beat(NOON + HOUR)
    judge_silence(device.database)
    device.beat(NOON + 4 * HOUR)
    with ThreadPoolExecutor(4) as judges:
        list(judges.map(judge_silence, [device.database] * 4))
    device.hear(NOON + 5 * HOUR)
    device.beat(NOON + 5 * HOUR)
    judge_silence(device.database)
    judge_silence(device.database)

    assert device.changes == [("online", "messages"), ("offline", "silence"), ("online", "messages")]


def test_nothing_is_judged_while_one_of_two_replicas_is_away(device):
    device.beat(NOON)
    device.beat(NOON, "two")
    device.hear(NOON)
    device.beat(NOON + 24 * HOUR)
    judge_silence(device.database)

    assert device.state == "online"
    device.bench.rows("UPDATE ingest_heartbeats SET beat_at = beat_at - interval '8 days' RETURNING 1")
    device.beat(NOON + 24 * HOUR)  # was away itself, for as long: listens anew
    judge_silence(device.database)
    assert device.state == "online"
    device.beat(NOON + 48 * HOUR)
    judge_silence(device.database)
    assert device.state == "offline", "the session of the other one has expired"


def test_a_device_that_is_slower_than_its_catalog_says_stops_flapping(device):
    device.beat(NOON)
    for day in range(12):
        device.hear(NOON + day * 24 * HOUR)
        for hour in range(1, 24):
            device.beat(NOON + (day * 24 + hour) * HOUR)
            judge_silence(device.database)

    assert len(device.changes) <= 8
    before = device.changes
    for day in range(12, 20):
        device.hear(NOON + day * 24 * HOUR)
        device.beat(NOON + (day * 24 + 23) * HOUR)
        judge_silence(device.database)
    assert device.changes == before


def test_ingest_beats_when_everything_that_came_is_stored(bench, monkeypatch):
    monkeypatch.setattr("ingest.heartbeat.PERIOD", 0.1)
    with bench.subscribed():
        bench.publish("a", "telemetry", bench.reading(0, mach=0.5))
        bench.publish("a", "status", {"state": "offline"})
        bench.poll(lambda: bench.rows("SELECT FROM ingest_heartbeats WHERE stored_until > listening_since"))
        bench.poll(lambda: bench.rows("SELECT FROM devices WHERE gone_at IS NOT NULL AND heard_at IS NOT NULL"))
