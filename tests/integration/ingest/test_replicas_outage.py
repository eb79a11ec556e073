"""Replicas while the database is away, on a server of their own that is stopped fast and started again."""

import threading
import time
from datetime import timedelta

import orjson
import pytest

from aftercare import wiring
from aftercare.embedded import EmbeddedPostgres
from ingest.service import Ingest
from store import ingest_slots
from store.migrate import migrate

TAKEOVER = timedelta(seconds=1)


@pytest.fixture
def server(binaries, tmp_path, catalog):
    with EmbeddedPostgres(binaries, tmp_path, settings={"fsync": "off"}) as server:
        migrate(server.url, list(catalog.values()))
        yield server
    binaries.remove(binaries.home(tmp_path, "up/postgres"))


@pytest.fixture
def database_url(server):
    return server.url


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"ingest_takeover": TAKEOVER})


def test_slots_stay_with_their_owners_through_an_outage_longer_than_the_takeover(bench, settings, server):
    second = Ingest(wiring.build(settings))
    with bench.subscribed() as first:
        thread = threading.Thread(target=second.run)
        thread.start()
        try:
            both = (first, second)
            bench.poll(lambda: bench.count(second, "subscribed") == 1)
            sessions = [ingest._membership.session for ingest in both]
            server.stop()
            for second_of_time in range(100):
                reading = {"ts": bench.noon + timedelta(seconds=second_of_time), "values": {"mach": 1.0}}
                bench.publish("a", "telemetry", orjson.dumps(reading))
            time.sleep(2 * TAKEOVER.total_seconds())  # what is shown is that nothing happens
            server.start()
            bench.poll(lambda: bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(100,)])
            bench.poll(lambda: all(slot.held for slot in held(bench)))
            time.sleep(2 * TAKEOVER.total_seconds())
            assert [ingest._membership.session for ingest in both] == sessions
        finally:
            second.stop()
            thread.join(20)

    assert len(held(bench)) == 2
    assert sorted(sessions) == [f"aftercare-{bench.prefix}-{slot}" for slot in (1, 2)]
    for ingest in both:
        assert bench.count(ingest, "broker_connections_total") == 1
        assert bench.count(ingest, "sessions_adopted_total") == 0


def held(bench):
    with bench.application.database.transaction() as connection:
        return ingest_slots.slots(connection, bench.prefix)
