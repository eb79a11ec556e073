"""Ingest and upkeep under the role of the processes, which owns no table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.replay import replay_rejected
from ingest.upkeep.births import drop_births
from ingest.upkeep.presence import judge_silence
from ingest.upkeep.readings import drop_what_expired, drop_what_was_removed, roll_up_settled, take_written
from store.database import detect_tier


@pytest.fixture
def settings(settings, as_app):
    return settings.model_copy(update={"database_url": as_app(settings.database_url)})


def test_everything_from_the_first_message_to_the_dropping_of_a_chunk(bench):
    bench.register("gone")
    with bench.subscribed() as ingest:
        for name in ("a", "gone", "stranger"):
            bench.publish(name, "telemetry", bench.reading(0, mach=0.5))
            bench.publish(name, "status", {"state": "online"})
        bench.publish("a", "telemetry", bench.reading(0, mach=0.5, altitude=1))
        bench.publish("a", "events", {"ts": bench.noon.isoformat(), "kind": "maintenance", "component": "hpc"})
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 8)
        bench.poll(lambda: bench.rows("SELECT FROM ingest_heartbeats"))
    database = bench.application.database
    model = replace(bench.application.catalog["turbofan_fd001"], retention=timedelta(days=7))

    bench.register("stranger")
    assert replay_rejected(database, bench.application.catalog, bench.application.clock).stored == 2
    take_written(database, model)
    roll_up_settled(database, model, settled=timedelta())
    judge_silence(database)
    drop_births(database, bench.noon)
    bench.rows("DELETE FROM devices WHERE name = %s RETURNING 1", f"{bench.prefix}gone")
    assert drop_what_was_removed(database, model) == 1
    with database.transaction() as connection:
        tier = detect_tier(connection)
    assert bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(2,)]
    assert drop_what_expired(database, model, tier, bench.noon + timedelta(days=60))
    assert bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(0,)]
    assert bench.rows("SELECT current_user") == [("aftercare_app",)]
