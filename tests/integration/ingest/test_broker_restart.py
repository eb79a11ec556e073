"""The broker is restarted in an orderly way, and devices are back before ingest is."""

from datetime import timedelta

import pytest

from aftercare.broker_address import parse_broker_url
from aftercare.embedded import EmbeddedBroker
from ingest.guard_sessions import broker_uptime
from ingest.sessions import Sessions
from store import ingest_guards


@pytest.fixture
def broker(binaries, tmp_path):
    if binaries.shortcoming:
        pytest.skip(binaries.shortcoming)
    broker = EmbeddedBroker(binaries, tmp_path, name="restarted")
    broker.start()
    yield broker
    broker.stop()
    binaries.remove(binaries.home(tmp_path, "restarted/broker"))


@pytest.fixture
def mqtt_url(broker):
    return broker.url


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"ingest_takeover": timedelta(seconds=1.2)})


def guards(bench):
    with bench.application.database.transaction() as connection:
        return ingest_guards.guards(connection, bench.prefix)


def stored(bench):
    return [number for (number,) in bench.rows("SELECT mach FROM readings_turbofan_fd001 ORDER BY mach")]


def send(bench, *numbers):
    for number in numbers:
        bench.publish("a", "telemetry", bench.reading(number, mach=number))


def restart(bench, broker):
    broker.stop()
    broker.start()
    bench.poll(bench.publisher.is_connected)


def guarded(bench, ingest):
    bench.poll(lambda: bench.count(ingest, "guards_made_total") == 1)


def test_what_devices_publish_before_ingest_is_back_is_kept(bench, broker):
    with bench.subscribed() as ingest:
        bench.poll(lambda: bench.count(ingest, "guards_made_total") == 2)
        send(bench, 0)
        bench.poll(lambda: stored(bench) == [0])
    restart(bench, broker)
    send(bench, 1, 2)
    with bench.subscribed() as ingest:
        send(bench, 3)
        bench.poll(lambda: stored(bench) == [0, 1, 2, 3])
        bench.poll(lambda: bench.count(ingest, "messages_guarded_total") >= 3)
        bench.poll(lambda: len(guards(bench)) == 1)
        assert bench.count(ingest, "row_conflicts_total") == 0
        assert stored(bench) == [0, 1, 2, 3]
    assert bench.rejected() == []


def test_a_broker_that_is_restarted_under_a_running_ingest_loses_nothing(bench, broker):
    with bench.subscribed() as ingest:
        guarded(bench, ingest)
        for start in (0, 10, 20):
            send(bench, *range(start, start + 5))
            restart(bench, broker)
            send(bench, *range(start + 5, start + 10))
        bench.poll(lambda: stored(bench) == list(range(30)), 40)


def test_a_guard_is_renewed_and_what_it_kept_needlessly_is_not_read(bench):
    with bench.subscribed() as ingest:
        bench.poll(lambda: [guard.number for guard in guards(bench)] == [2])
        send(bench, 0, 1)
        bench.poll(lambda: bench.count(ingest, "guards_made_total") == 3)
        bench.poll(lambda: len(guards(bench)) == 1)
        assert stored(bench) == [0, 1]
        assert bench.count(ingest, "rows_merged_total") == 0


def test_an_ingest_that_was_away_does_not_read_twice_what_its_session_kept(bench, broker):
    sessions = Sessions(parse_broker_url(broker.url), "asking", timedelta(0), 1)
    bench.poll(lambda: (broker_uptime(sessions, "asking") or timedelta(0)) > timedelta(seconds=2))
    with bench.subscribed() as ingest:
        guarded(bench, ingest)
    send(bench, 0, 1)
    with bench.subscribed() as ingest:
        bench.poll(lambda: stored(bench) == [0, 1])
        bench.poll(lambda: [guard.number for guard in guards(bench)] == [2], 30)
        assert bench.count(ingest, "rows_merged_total") == 0


def test_one_replica_alone_looks_after_the_guards(bench):
    with bench.subscribed() as first, bench.subscribed() as second:
        bench.poll(lambda: bench.count(first, "guards_made_total") + bench.count(second, "guards_made_total") == 2, 30)
        assert 0 in (bench.count(first, "guards_made_total"), bench.count(second, "guards_made_total"))
