"""How long Sparkplug births are kept, and how many."""

from datetime import timedelta

import pytest

from ingest.upkeep.births import drop_births
from store import sparkplug_births
from store.sparkplug_births import BirthRecord, drop_beyond

YEAR = timedelta(days=365)


@pytest.fixture
def keep(bench):
    """Record births of (edge node, device) at `noon` plus a time, each with a metric of its own name."""

    def record(*births):
        records = [
            BirthRecord(("plant", bench.prefix + node, device), bench.noon + after, [(name, 1, 10)], None)
            for node, device, after, name in births
        ]
        with bench.application.database.transaction() as connection:
            sparkplug_births.record(connection, records)

    return record


def kept(bench):
    found = bench.rows("SELECT edge_node, device_id, metrics->0->>0 FROM sparkplug_births ORDER BY 1, 2, 3")
    return [(node.removeprefix(bench.prefix), device, name) for node, device, name in found]


def hear(bench, name, at):
    bench.rows("UPDATE devices SET heard_at = %s WHERE name = %s RETURNING 1", at, bench.prefix + name)


def test_births_of_a_year_ago_go_unless_their_device_was_heard_of_since_and_nothing_followed_them(bench, keep):
    bench.register("a:pump", "a:fan")
    zero, day = timedelta(0), timedelta(days=1)
    keep(("a", "", zero, "x"), ("a", "pump", zero, "x"), ("a", "pump", day, "y"), ("a", "fan", zero, "x"))
    keep(("stranger", "", zero, "x"), ("stranger", "pump", 2 * day, "x"))
    for name in ("a", "a:pump"):
        hear(bench, name, bench.noon + 10 * day)

    assert drop_births(bench.application.database, bench.noon + YEAR + 1.5 * day) == 3
    assert kept(bench) == [("a", "", "x"), ("a", "pump", "y"), ("stranger", "pump", "x")]
    assert drop_births(bench.application.database, bench.noon + YEAR + 20 * day) == 3
    assert kept(bench) == []


def test_of_one_edge_node_only_so_many_births_and_bytes_are_kept_the_latest_confirmed_first(bench, keep):
    keep(*((node, device, timedelta(minutes=n), "m") for n, device in enumerate("pqrs") for node in ("a", "b")))
    keep(("b", "p", timedelta(hours=1), "m"))

    with bench.application.database.transaction() as connection:
        assert drop_beyond(connection, births=2) == 4
    assert kept(bench) == [("a", "r", "m"), ("a", "s", "m"), ("b", "p", "m"), ("b", "s", "m")]
    [(size,)] = bench.rows("SELECT max(pg_column_size(metrics)) FROM sparkplug_births")
    with bench.application.database.transaction() as connection:
        assert drop_beyond(connection, num_bytes=size) == 2
    assert kept(bench) == [("a", "s", "m"), ("b", "p", "m")]
