"""Ingest on the real broker and the real database, in this process."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random

import orjson
import psycopg
import pytest

from domain.device import DeviceEvent, EventKind
from ingest.directory import MAX_AGE, DeviceDirectory
from ingest.replay import replay_rejected
from store import devices, events, undeclared
from store.retry import in_transaction


def test_readings_events_and_status_are_stored_as_they_were_sent(bench):
    with bench.subscribed() as ingest:
        bench.publish("a", "telemetry", [bench.reading(0, mach=0.8, undeclared=7), bench.reading(1, altitude=35.5)])
        bench.publish(
            "a", "events", {"ts": bench.noon.isoformat(), "kind": "error", "code": "E7", "detail": {"rpm": 1}}
        )
        bench.publish("a", "status", {"state": "online"})
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 3)

    assert bench.rows("SELECT ts, mach, altitude, extra FROM readings_turbofan_fd001 ORDER BY ts") == [
        (bench.noon, 0.8, None, {"undeclared": 7.0}),
        (bench.noon + timedelta(hours=1), None, 35.5, None),
    ]
    assert bench.rows("SELECT ts, kind, code, component, detail FROM device_events") == [
        (bench.noon, "error", "E7", "", {"rpm": 1})
    ]
    [(connectivity, last_seen)] = bench.rows("SELECT connectivity, last_seen_at FROM devices")
    assert connectivity == "online"
    assert abs(last_seen - datetime.now(UTC)) < timedelta(minutes=1)


def test_undeclared_channels_are_counted_and_noted_once_a_minute(bench):
    with bench.subscribed() as ingest:
        for hour in range(3):
            bench.publish("a", "telemetry", bench.reading(hour, mach=0.8, oil_smell=7))
            bench.poll(lambda hour=hour: bench.count(ingest, "messages_committed_total") > hour)
        label = {"device_model": "turbofan_fd001"}
        assert bench.count(ingest, "undeclared_values_total", **label) == 3

    [(model, channel, first_at, last_at)] = bench.rows(
        "SELECT device_model, channel, first_at, last_at FROM undeclared_channels"
    )
    assert (model, channel) == ("turbofan_fd001", "oil_smell")
    assert first_at == last_at


def test_a_device_that_makes_up_channels_fills_no_table(bench):
    names = {f"x{number:03}": number for number in range(undeclared.MOST + 50)}
    now = bench.noon
    for later in (timedelta(0), timedelta(minutes=5)):
        with bench.application.database.transaction() as connection:
            undeclared.note(connection, "turbofan_fd001", {"known": 1}, now + later)
            undeclared.note(connection, "turbofan_fd001", names, now + later)

    assert bench.rows("SELECT count(*) FROM undeclared_channels") == [(undeclared.MOST,)]
    renewed = "SELECT count(*) FROM undeclared_channels WHERE last_at > first_at AND last_at = %s"
    assert bench.rows(renewed, now + timedelta(minutes=5)) == [(undeclared.MOST,)]


def test_partial_late_and_repeated_rows_end_as_one_and_the_first_value_wins(bench):
    with bench.subscribed() as ingest:
        for stored, document in enumerate(
            (
                bench.reading(5, mach=0.5),
                bench.reading(0, mach=0.8),
                bench.reading(0, mach=0.8),
                bench.reading(0, altitude=1.0, x=1.0),
                bench.reading(0, mach=0.9, altitude=1.0, y=2.0),
            ),
            1,
        ):
            bench.publish("a", "telemetry", document)
            bench.poll(lambda stored=stored: bench.count(ingest, "messages_acknowledged_total") >= stored)
        assert bench.count(ingest, "rows_committed_total") == 2
        assert bench.count(ingest, "rows_merged_total") == 3
        assert bench.count(ingest, "row_conflicts_total") == 1

    assert bench.rows("SELECT mach, altitude, extra FROM readings_turbofan_fd001 ORDER BY ts") == [
        (0.8, 1.0, {"x": 1.0, "y": 2.0}),
        (0.5, None, None),
    ]
    [(last_seen,)] = bench.rows("SELECT last_seen_at FROM devices")
    assert last_seen == bench.noon + timedelta(hours=5)


def test_what_cannot_be_stored_is_kept_once_with_its_reason_and_its_count(bench):
    with bench.subscribed() as ingest:
        for _ in range(3):
            bench.publish("a", "telemetry", b"{broken")
        bench.publish("a", "telemetry", {"ts": 1, "values": {"mach": 1}})
        bench.publish("a", "telemetry", bench.reading(0, mach=1))
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 5)
        assert bench.count(ingest, "messages_rejected_total", reason="json") == 3

    assert sorted((topic, times) for topic, _, times in bench.rejected()) == [("a/telemetry", 1), ("a/telemetry", 3)]
    assert bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(1,)]


def test_a_device_that_is_added_later_is_known_at_once_and_its_past_can_be_replayed(bench):
    with bench.subscribed() as ingest:
        bench.publish("late", "telemetry", bench.reading(0, mach=0.1))
        bench.poll(lambda: bench.count(ingest, "messages_rejected_total", reason="unknown_device") >= 1)
        bench.register("late")
        bench.publish("late", "telemetry", bench.reading(1, mach=0.2))
        bench.poll(lambda: bench.count(ingest, "rows_committed_total") == 1)

    application = bench.application
    again = replay_rejected(application.database, application.catalog, lambda: bench.noon, reason="not registered")
    nothing = replay_rejected(application.database, application.catalog, lambda: bench.noon, reason="not registered")

    assert again.stored == 1
    assert nothing.stored == 0
    assert bench.rows("SELECT mach FROM readings_turbofan_fd001 ORDER BY ts") == [(0.1,), (0.2,)]
    assert bench.rows("SELECT replayed_at FROM rejected_messages WHERE replayed_at IS NOT NULL") == [(bench.noon,)]


def test_a_message_from_the_future_is_kept_until_its_time_has_come(bench):
    now = datetime.now(UTC)
    ahead = {"ts": (now + timedelta(hours=1)).isoformat(), "values": {"mach": 0.5}}
    skewed = {"ts": (now + timedelta(minutes=4)).isoformat(), "values": {"mach": 0.6}}
    with bench.subscribed() as ingest:
        for document in (bench.reading(0, mach=0.4), ahead, skewed):
            bench.publish("a", "telemetry", document)
        bench.publish("a", "events", {"ts": ahead["ts"], "kind": "log"})
        bench.publish("a", "status", {"ts": ahead["ts"], "state": "online"})
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 5)
        assert bench.count(ingest, "messages_rejected_total", reason="future") == 3
        assert -300 < bench.count(ingest, "lag_seconds") < -200

    application = bench.application
    early = replay_rejected(application.database, application.catalog, lambda: now)
    later = replay_rejected(application.database, application.catalog, lambda: now + timedelta(hours=1))

    assert (early.tried, early.stored, later.stored) == (3, 0, 3)
    assert bench.rows("SELECT mach FROM readings_turbofan_fd001 ORDER BY ts") == [(0.4,), (0.6,), (0.5,)]


def test_every_channel_at_once_from_the_future_is_refused_too(bench, catalog):
    values = {channel.name: 1.0 for channel in catalog["turbofan_fd001"].channels}
    with bench.subscribed() as ingest:
        for hours in (-2, -1, 1):
            at = datetime.now(UTC) + timedelta(hours=hours)
            bench.publish("a", "telemetry", {"ts": at.isoformat(), "values": values})
            bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 1)
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 3)

        assert bench.count(ingest, "messages_rejected_total", reason="future") == 1


def test_a_message_that_the_database_refuses_holds_nobody_up(bench):
    bench.register("doomed")
    with bench.subscribed() as ingest:
        bench.publish("doomed", "events", {"ts": bench.noon.isoformat(), "kind": "log"})
        bench.poll(lambda: bench.count(ingest, "events_committed_total") == 1)
        bench.rows("DELETE FROM devices WHERE name = %s RETURNING name", f"{bench.prefix}doomed")
        bench.publish("doomed", "events", {"ts": bench.noon.isoformat(), "kind": "log"})
        bench.publish("a", "telemetry", bench.reading(0, mach=1))
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 3)

    assert [topic for topic, _, _ in bench.rejected()] == ["doomed/events"]
    assert bench.rows("SELECT mach FROM readings_turbofan_fd001") == [(1.0,)]


def test_a_device_that_is_removed_and_registered_anew_gets_what_comes_then(bench, catalog):
    values = {channel.name: 1.0 for channel in catalog["turbofan_fd001"].channels}  # takes the short way
    with bench.subscribed() as ingest:
        for hour in range(3):
            bench.publish("a", "telemetry", bench.reading(hour, **values))
            bench.poll(lambda hour=hour: bench.count(ingest, "rows_committed_total") == hour + 1)
        [(old,)] = bench.rows("DELETE FROM devices RETURNING device_id")
        bench.publish("a", "telemetry", bench.reading(3, **values))
        bench.poll(lambda: bench.count(ingest, "messages_rejected_total", reason="unknown_device") == 1)
        bench.register("a")
        bench.publish("a", "telemetry", bench.reading(4, **values))
        bench.poll(lambda: bench.count(ingest, "rows_committed_total") == 4)

    counts = "SELECT device_id = %s, count(*) FROM readings_turbofan_fd001 GROUP BY 1 ORDER BY 1"
    assert bench.rows(counts, old) == [(False, 1), (True, 3)]


def test_a_removal_waits_for_the_batch_that_is_being_written_and_the_next_batch_for_the_removal(bench):
    database = bench.application.database
    directory = DeviceDirectory()
    name = f"{bench.prefix}a"
    with database.transaction() as connection:
        directory.look_for_removals(connection)
        [known] = directory.find(connection, [name]).values()
        other = psycopg.connect(database.url, options="-c lock_timeout=50")
        with other, pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("DELETE FROM devices")
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(database.url) as other:
            other.execute("DELETE FROM devices")

            def look():
                with database.transaction() as connection:
                    directory.look_for_removals(connection)
                    return directory.find(connection, [name])

            looked = pool.submit(look)
            blocked = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            bench.poll(lambda: bench.rows(blocked))
        assert looked.result(10) == {}
    assert directory.removed == {known.device_id}


def test_a_topic_too_long_for_an_index_is_kept_like_any_other(bench):
    name = "".join(Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
    with bench.subscribed() as ingest:
        bench.publish(name, "telemetry", bench.reading(0, mach=0.8))
        bench.publish("a", "telemetry", bench.reading(0, mach=0.8))
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 2)

    assert bench.rows("SELECT length(topic) > 20000 FROM rejected_messages") == [(True,)]
    assert bench.rows("SELECT mach FROM readings_turbofan_fd001") == [(0.8,)]


def test_maintenance_told_to_two_replicas_at_once_renews_the_component_twice(bench):
    def told(hour):
        return [(device_id, DeviceEvent(name, bench.noon + hour * bench.hour, EventKind("maintenance"), "worn", "hpc"))]

    name = f"{bench.prefix}a"
    with bench.application.database.transaction() as connection:
        device_id = devices.find(connection, [name])[name].device_id
        events.insert(connection, told(0))
    with ThreadPoolExecutor() as other:
        with bench.application.database.transaction() as connection:
            events.insert(connection, told(1))
            second = other.submit(in_transaction, bench.application.database, lambda also: events.insert(also, told(2)))
            bench.poll(
                lambda: bench.rows(
                    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )
        assert second.result(10) == 1

    hours = [bench.noon + hour * bench.hour for hour in range(3)]
    assert bench.rows("SELECT installed_at, removed_at FROM components ORDER BY 1") == [
        (hours[0], hours[1]),
        (hours[1], hours[2]),
        (hours[2], None),
    ]


def test_maintenance_renews_the_component_in_whatever_order_it_is_told(bench):
    with bench.subscribed() as ingest:
        for hour in (0, 10, 5, 10):
            ts = (bench.noon + timedelta(hours=hour)).isoformat()
            bench.publish("a", "events", {"ts": ts, "kind": "maintenance", "code": "swap", "component": "fan"})
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 4)

    hours = [bench.noon + timedelta(hours=hour) for hour in (0, 5, 10)]
    assert bench.rows("SELECT installed_at, removed_at FROM components ORDER BY installed_at") == list(
        zip(hours, [*hours[1:], None], strict=True)
    )


def test_an_outage_of_the_database_stops_acknowledging_and_ends_by_itself(bench, server_url, database_url):
    name = database_url.rsplit("/", 1)[1]
    with bench.subscribed() as ingest, psycopg.connect(server_url, autocommit=True) as server:
        bench.publish("a", "telemetry", bench.reading(0, mach=0))
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 1)
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        for hour in range(1, 50):
            bench.publish("a", "telemetry", bench.reading(hour, mach=hour))
        bench.poll(lambda: bench.count(ingest, "database_failures_total") >= 2)
        assert bench.count(ingest, "messages_acknowledged_total") == 1

        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") == 50)

    assert bench.rows("SELECT count(*), max(mach) FROM readings_turbofan_fd001") == [(50, 49.0)]


def test_what_is_in_hand_at_the_stop_is_written_and_the_rest_waits_at_the_broker(bench):
    with bench.subscribed() as ingest:
        for hour in range(300):
            bench.publisher.publish(
                f"devices/{bench.prefix}a/telemetry", orjson.dumps(bench.reading(hour, mach=hour)), 1
            )
        bench.poll(lambda: bench.count(ingest, "rows_committed_total") > 0)
    assert bench.count(ingest, "messages_acknowledged_total") == bench.count(ingest, "messages_received_total")
    bench.publish("a", "telemetry", bench.reading(300, mach=300))

    with bench.running():
        bench.poll(lambda: bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(301,)])


def test_every_device_is_known_from_the_first_batch_on_and_an_unchanged_one_stays_the_same_object(bench):
    bench.register("a")
    bench.register("b")
    now = [0.0]
    directory = DeviceDirectory(lambda: now[0])
    a, b = f"{bench.prefix}a", f"{bench.prefix}b"
    with bench.application.database.transaction() as connection:
        assert directory.find(connection, []) == {}
        known = dict(directory.known)
        assert {a, b} <= known.keys()
        connection.execute("DELETE FROM devices WHERE name = %s", (b,))
        connection.execute("UPDATE devices SET name = %s WHERE name = %s", (b, a))
        assert directory.find(connection, [a, b]) == {a: known[a], b: known[b]}

        now[0] = MAX_AGE + 1
        assert directory.find(connection, [a, b]) == {b: known[a]}

        now[0] += MAX_AGE + 1
        renamed = directory.known[b]
        directory.find(connection, [])
        assert directory.known[b] is renamed
