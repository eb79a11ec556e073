"""Several `aftercare ingest` that share the messages: killed, stopped, and cut from the database."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import orjson
import pytest

from aftercare import wiring
from domain.errors import UnavailableError
from ingest.service import Ingest
from store import ingest_slots
from store.database import connect

TAKEOVER = 1.5
STATED = TAKEOVER + TAKEOVER / 6 + 3
"""Within so many seconds of a kill everything is there: the wait, a look, and the emptying."""


class Replica:
    """A process of its own, with the log that it writes."""

    def __init__(self, settings, name):
        environment = os.environ | {
            "AFTERCARE_DATABASE_URL": settings.database_url,
            "AFTERCARE_MQTT_URL": settings.mqtt_url,
            "AFTERCARE_INGEST_ID": name,
            "AFTERCARE_INGEST_GROUP": settings.ingest_group,
            "AFTERCARE_INGEST_SESSION_EXPIRY": "1h",
            "AFTERCARE_INGEST_TAKEOVER": f"{TAKEOVER * 1000:.0f}ms",
            "AFTERCARE_INGEST_BATCH_ROWS": "200",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "aftercare", "ingest"], env=environment, stderr=subprocess.PIPE
        )
        self.events = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.events.append(orjson.loads(line))

    def says(self, event):
        return [one for one in self.events if one["event"] == event]

    @property
    def session(self):
        return self.says("subscribed")[-1]["session"]

    def kill(self):
        self.process.kill()
        assert self.process.wait(10) == -signal.SIGKILL

    def terminate(self):
        self.process.terminate()
        assert self.process.wait(20) == 0


@pytest.fixture
def start(bench, settings):
    """Starts replicas, and returns when they have subscribed."""
    replicas = []

    def start_all(*names):
        begun = [Replica(settings, name) for name in names]
        replicas.extend(begun)
        for replica in begun:
            bench.poll(lambda replica=replica: replica.says("subscribed") or replica.process.poll() is not None, 60)
            assert replica.process.poll() is None, replica.events
        return begun

    yield start_all
    for replica in replicas:
        replica.process.kill()
        replica.process.wait(10)


class Load:
    """Publishes numbered readings all the time, and knows how many it sent."""

    def __init__(self, bench):
        self._bench = bench
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.sent = 0

    def _run(self):
        for number in itertools.count():
            if self._stop.is_set():
                break
            ts = self._bench.noon + timedelta(seconds=number)
            payload = orjson.dumps({"ts": ts, "values": {"mach": number}})
            self._bench.publisher.publish(f"devices/{self._bench.prefix}a/telemetry", payload, qos=1)
            self.sent += 1
            time.sleep(0.001)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def arrived(self):
        [(count,)] = self._bench.rows("SELECT count(*) FROM readings_turbofan_fd001")
        return count

    def check(self):
        """Every number once, with its own value. The key makes doubles impossible: conflicts would show as merges."""
        statement = "SELECT count(*), count(DISTINCT mach), min(mach), max(mach) FROM readings_turbofan_fd001"
        [found] = self._bench.rows(statement)
        assert found == (self.sent, self.sent, 0.0, self.sent - 1.0)


def slots(bench):
    with bench.application.database.transaction() as connection:
        return {slot.number: slot.held for slot in ingest_slots.slots(connection, bench.prefix)}


@pytest.mark.alone
def test_a_killed_replicas_share_is_taken_over_within_the_stated_time(bench, start):
    first, second = start("one", "two")
    assert {first.session, second.session} == {f"aftercare-{bench.prefix}-{slot}" for slot in (1, 2)}
    with Load(bench) as load:
        bench.poll(lambda: load.arrived() > 200)
        first.kill()
        killed = time.monotonic()
        bench.poll(lambda: second.says("session taken over"))
        assert time.monotonic() - killed < STATED
        bench.poll(lambda begun=load.sent: load.arrived() > begun)
    bench.poll(lambda: load.arrived() == load.sent)
    load.check()
    assert list(slots(bench).values()) == [True]
    [taken] = second.says("session taken over")
    assert taken["session"] == first.session
    assert taken["messages"] > 0


def test_a_group_that_shrinks_by_sigterm_is_emptied_into_the_last_one(bench, start):
    replicas = start("one", "two", "three")
    with Load(bench) as load:
        bench.poll(lambda: load.arrived() > 100)
        for replica in replicas[:2]:
            replica.terminate()
        bench.poll(lambda: len(replicas[2].says("session taken over")) == 2)
    bench.poll(lambda: load.arrived() == load.sent)
    load.check()
    assert list(slots(bench).values()) == [True]


def test_whoever_comes_next_inherits_the_session_of_one_that_was_killed_under_another_name(bench, start):
    [first] = start("host-1")
    with Load(bench) as load:
        bench.poll(lambda: load.arrived() > 100)
        first.kill()
    [second] = start("host-2")
    assert second.session == first.session
    bench.poll(lambda: load.arrived() == load.sent)
    load.check()


def test_both_killed_in_turn_under_load(bench, start):
    pair = start("one", "two")
    with Load(bench) as load:
        for turn in (0, 1, 0, 1):
            begun = load.arrived()
            bench.poll(lambda begun=begun: load.arrived() > begun + 50)
            pair[turn].kill()
            [pair[turn]] = start(f"again-{turn}")
    bench.poll(lambda: load.arrived() == load.sent)
    load.check()
    assert pair[0].session != pair[1].session


@pytest.mark.parametrize("end", [Replica.kill, Replica.terminate])
def test_whoever_takes_over_may_itself_end_in_the_middle(bench, start, end):
    first, second = start("one", "two")
    with Load(bench) as load:
        bench.poll(lambda: load.arrived() > 100)
        first.kill()
        bench.poll(lambda: second.says("taking over a session that was left behind"))
        end(second)
        [third] = start("three")
        bench.poll(lambda: third.says("session taken over"))
    bench.poll(lambda: load.arrived() == load.sent)
    load.check()
    assert list(slots(bench).values()) == [True]


def test_replicas_that_start_at_once_get_a_slot_each(bench, start):
    replicas = start(*"abcd")

    assert len({replica.session for replica in replicas}) == 4
    assert slots(bench) == dict.fromkeys((1, 2, 3, 4), True)


def test_a_replica_whose_slot_was_taken_while_the_database_was_away_takes_another_one(bench, settings):
    """The lock goes with the connection, as in an outage, and another process has it before its owner is back."""
    with bench.subscribed() as ingest, connect(settings.database_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        bench.poll(lambda: ingest_slots.hold(other, bench.prefix, 1, "thief"), 1.0)
        bench.poll(lambda: slots(bench) == {1: True, 2: True})
        bench.poll(lambda: bench.count(ingest, "broker_connections_total") == 2)
        bench.poll(lambda: bench.count(ingest, "subscribed") == 1)


def test_of_two_that_connect_as_one_session_the_one_without_the_slot_gives_way(bench, settings, monkeypatch):
    def away():
        raise UnavailableError("the database is away for this one")

    with bench.subscribed() as owner:
        cut_off = Ingest(wiring.build(settings))
        monkeypatch.setattr(cut_off._membership, "_slot", 1)  # as before the outage
        monkeypatch.setattr(cut_off._membership, "_connect", away)
        monkeypatch.setattr(cut_off._membership, "join", lambda: None)
        thread = threading.Thread(target=cut_off.run)
        thread.start()
        bench.poll(lambda: bench.count(owner, "broker_connections_total") == 2)
        bench.poll(lambda: bench.count(owner, "subscribed") == 1 and bench.count(cut_off, "subscribed") == 0)
        bench.publish("a", "telemetry", bench.reading(0, mach=1))
        bench.poll(lambda: bench.rows("SELECT mach FROM readings_turbofan_fd001") == [(1.0,)])
        cut_off.stop()
        thread.join(20)

    assert bench.count(cut_off, "broker_connections_total") == 1
    assert bench.count(owner, "broker_connections_total") == 2
