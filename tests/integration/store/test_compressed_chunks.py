"""Readings that are compressed answer, take late data and go as others do. Needs the community licence: see
docs/operations.md for how to run these tests on such a server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from domain.device_model import Channel
from ingest.upkeep.readings import drop_what_was_removed
from store.database import Database, Tier, detect_tier
from store.migrate import migrate
from store.readings import read_range
from store.rollup_levels import LEVELS

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def compressed(store):
    """Two devices, five weeks of readings every hour, all of them compressed and rolled up."""
    with store.database.transaction() as connection:
        if detect_tier(connection) is not Tier.COMMUNITY:
            pytest.skip("this server has no columnar compression")
    store.register("a", "b")
    for device_id in (1, 2):
        store.write(device_id, {START + n * HOUR: {"flow": n + device_id / 4} for n in range(35 * 24)})
    store.take()
    store.roll_up()
    compress(store)
    return store


def compress(store):
    store.rows("SELECT compress_chunk(chunk) FROM show_chunks('readings_pump') AS chunk")
    assert is_compressed(store) == {True}


def is_compressed(store):
    return {
        found
        for (found,) in store.rows(
            "SELECT is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'readings_pump'"
        )
    }


def means(store, device_id=1, points=100):
    with store.database.transaction() as connection:
        answer = read_range(
            connection,
            store.device_model,
            device_id=device_id,
            since=START,
            until=START + 35 * DAY,
            points=points,
        )
    return answer.channels["flow"].mean


@pytest.mark.parametrize("points", [100, 100_000])
def test_ranges_and_the_view_answer_as_before(compressed, points):
    of_columns, view = means(compressed, points=points), compressed.rows("SELECT * FROM telemetry ORDER BY 1, 2")
    compressed.rows("SELECT decompress_chunk(chunk) FROM show_chunks('readings_pump') AS chunk")

    assert means(compressed, points=points) == of_columns
    assert compressed.rows("SELECT * FROM telemetry ORDER BY 1, 2") == view
    assert len(view) == 2 * 35 * 24


def test_late_repeated_and_partial_readings_are_merged(compressed):
    late = START + 2 * DAY + HOUR / 2
    compressed.write(1, {late: {"flow": -5}, START: {"head": 7}, START + HOUR: {"flow": 99}})
    compressed.write(1, {late: {"flow": -5}, START: {"flow": 0.25, "head": 7}})

    assert compressed.rows(
        "SELECT ts, flow, head FROM readings_pump WHERE device_id = 1 AND ts IN (%s, %s, %s) ORDER BY ts",
        START,
        START + HOUR,
        late,
    ) == [(START, 0.25, 7), (START + HOUR, 1.25, None), (late, -5, None)]
    assert compressed.rows("SELECT count(*) FROM readings_pump") == [(2 * 35 * 24 + 1,)]
    compressed.take()
    compressed.roll_up()
    assert compressed.rows(
        "SELECT flow_count, flow_min, head_count FROM rollup_1d_pump WHERE device_id = 1 AND bucket IN (%s, %s) "
        "ORDER BY bucket",
        START,
        START + 2 * DAY,
    ) == [(24, 0.25, 1), (25, -5, 0)]
    compress(compressed)  # what came late is taken in the next time


@pytest.mark.parametrize(
    ("limit", "rows"),
    [
        (1, {START: {"flow": 0.25}, START + HOUR: {"flow": 99}, START + HOUR / 2: {"flow": 3}}),
        (7 * 24, {START: {"flow": 0.25}, START + HOUR: {"head": 9}, START + 8 * DAY: {"flow": 192.25}}),
    ],
    ids=["nothing to fill", "a gap"],
)
def test_no_more_is_decompressed_than_one_device_has_in_a_week(compressed, limit, rows):
    name = compressed.database.url.rpartition("/")[2]
    compressed.rows(f'ALTER DATABASE "{name}" SET timescaledb.max_tuples_decompressed_per_dml_transaction = {limit}')
    with Database(compressed.database.url) as database:
        compressed.database, before = database, compressed.database
        compressed.write(1, rows)
        compressed.database = before


def test_the_processes_own_no_chunk_and_write_late_all_the_same(compressed, as_app):
    with Database(as_app(compressed.database.url)) as database:
        compressed.database, owner = database, compressed.database
        compressed.write(1, {START: {"head": 1}, START + HOUR / 2: {"flow": 3}})
        compressed.take()
        compressed.roll_up()
        kept = replace(compressed.device_model, retention=7 * DAY)
        compressed.device_model, ours = kept, compressed.device_model
        assert compressed.drop(START + 30 * DAY, Tier.COMMUNITY)
        compressed.database, compressed.device_model = owner, ours

    assert compressed.rows("SELECT min(ts) FROM readings_pump") == [(START + 21 * DAY,)]


def test_retention_drops_compressed_weeks_and_what_comes_for_them_later(compressed):
    compressed.device_model = replace(compressed.device_model, retention=7 * DAY)
    before = means(compressed)

    assert compressed.drop(START + 30 * DAY, Tier.COMMUNITY)
    compressed.write(1, {START: {"flow": -1}, START + 22 * DAY + HOUR / 2: {"flow": 529.25}})
    compressed.take()
    compressed.roll_up()

    assert compressed.rows("SELECT readings_too_late FROM reading_retention") == [(1,)]
    assert compressed.rows("SELECT min(ts) FROM readings_pump") == [(START + 21 * DAY,)]
    after = means(compressed)
    changed = [number for number, mean in enumerate(before) if after[number] != mean]
    assert changed == [22 * 24 // 9]  # buckets are nine hours wide


def test_no_late_batch_is_too_large_even_after_a_restore_to_another_database(compressed):
    limit = "timescaledb.max_tuples_decompressed_per_dml_transaction"
    name = compressed.database.url.rpartition("/")[2]
    compressed.rows(f'ALTER DATABASE "{name}" RESET {limit}')
    migrate(compressed.database.url, [compressed.device_model])

    with psycopg.connect(compressed.database.url) as connection:
        assert connection.execute(f"SHOW {limit}".encode()).fetchone() == ("0",)


def test_a_removed_device_goes_from_compressed_chunks_too(compressed):
    compressed.rows("DELETE FROM devices WHERE name = 'a'")

    assert drop_what_was_removed(compressed.database, compressed.device_model) == 1

    for table in ("readings_pump", *(level.table(compressed.device_model) for level in LEVELS)):
        assert compressed.rows(f"SELECT DISTINCT device_id FROM {table}") == [(2,)]


def test_a_new_channel_becomes_a_column_of_compressed_chunks(compressed):
    channels = [*compressed.device_model.channels, Channel("class", "Class", "")]
    compressed.device_model = replace(compressed.device_model, channels=channels)

    report = migrate(compressed.database.url, [compressed.device_model])
    compressed.write(1, {START: {"class": 4}})

    assert list(report.new_columns) == ["readings_pump.class"]
    assert compressed.rows('SELECT flow, "class" FROM readings_pump WHERE device_id = 1 AND ts = %s', START) == [
        (0.25, 4)
    ]


def test_the_schedule_compresses_chunks_in_which_nothing_happens_any_more(store):
    with store.database.transaction() as connection:
        if detect_tier(connection) is not Tier.COMMUNITY:
            pytest.skip("this server has no columnar compression")
    now = datetime.now(UTC)
    store.write(1, {now - 40 * DAY: {"flow": 1}, now - DAY: {"flow": 2}})
    [(job,)] = store.rows(
        "SELECT job_id FROM timescaledb_information.jobs "
        "WHERE hypertable_name = 'readings_pump' AND proc_name = 'policy_compression'"
    )
    with psycopg.connect(store.database.url, autocommit=True) as connection:
        connection.execute("CALL run_job(%s)", (job,))

    assert store.rows(
        "SELECT is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'readings_pump' "
        "ORDER BY range_start"
    ) == [(True,), (False,)]
