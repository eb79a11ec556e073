"""What is kept no longer goes at the same instants on every tier, and nothing brings it back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.upkeep.readings import drop_what_was_removed
from store.database import Tier
from store.readings import read_range
from store.rollup_levels import LEVELS

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(params=[Tier.APACHE, Tier.PLAIN])
def tier(request):
    return request.param


@pytest.fixture
def kept(store):
    """Ten weeks of readings every six hours, of which a week is kept, and of their roll-ups six."""
    store.device_model = replace(store.device_model, retention=7 * DAY, rollup_retention=42 * DAY)
    store.write(1, {START + n * 6 * HOUR: {"flow": n} for n in range(280)})
    return store


def oldest(store, table, column="ts"):
    [(found,)] = store.rows(f"SELECT min({column}) FROM {table}")
    return found


def test_whole_weeks_of_readings_go_and_their_roll_ups_stay(kept, tier):
    assert kept.drop(START + 30 * DAY, tier)

    assert oldest(kept, "readings_pump") == START + 21 * DAY
    for level in LEVELS:
        assert oldest(kept, level.table(kept.device_model), "bucket") == START
    assert not kept.drop(START + 30 * DAY, tier)


def test_old_roll_ups_go_as_well(kept, tier):
    kept.drop(START + 69 * DAY, tier)

    assert oldest(kept, "readings_pump") == START + 56 * DAY
    assert oldest(kept, "rollup_1m_pump", "bucket") == datetime(2026, 1, 15, tzinfo=UTC)
    assert oldest(kept, "rollup_1d_pump", "bucket") == START


def test_a_reading_of_a_dropped_time_is_kept_out_and_counted(kept, tier):
    kept.drop(START + 30 * DAY, tier)

    kept.write(
        1, {START + DAY: {"flow": -1, "head": 1}, START + DAY + HOUR: {"flow": -1}, START + 70 * DAY: {"flow": 5}}
    )
    kept.take()
    kept.roll_up()

    assert kept.rows("SELECT readings_too_late FROM reading_retention") == [(2,)]
    assert oldest(kept, "readings_pump") == START + 21 * DAY
    assert kept.rows("SELECT flow_min, head_count FROM rollup_1d_pump ORDER BY bucket LIMIT 1 OFFSET 1") == [(4, 0)]


def test_a_dropped_time_is_read_from_roll_ups_and_the_present_from_readings(kept, tier):
    kept.drop(START + 30 * DAY, tier)
    kept.write(1, {START + 10 * DAY + HOUR: {"flow": -99}})

    with kept.database.transaction() as connection:
        answer = read_range(
            connection,
            kept.device_model,
            device_id=1,
            since=START + HOUR / 7,
            until=START + 70 * DAY + HOUR,
            points=100_000_000,
        )

    assert answer.bucket == timedelta(minutes=1)
    assert [value for value in answer.channels["flow"].mean if value is not None] == list(range(1, 280))


def test_what_is_kept_of_a_removed_device_goes_and_that_of_others_stays(store):
    store.register("gone", "kept")
    [(gone,), (kept,)] = store.rows("SELECT device_id FROM devices ORDER BY name")
    for device_id in (gone, kept):
        store.write(device_id, {START + n * HOUR: {"flow": n} for n in range(5)})
    store.take()
    store.roll_up()
    store.write(gone, {START + 9 * HOUR: {"flow": 9}})
    store.rows("DELETE FROM devices WHERE name = 'gone'")

    assert drop_what_was_removed(store.database, store.device_model) == 1
    assert drop_what_was_removed(store.database, store.device_model) == 0

    store.roll_up()
    for table in ("readings_pump", "latest_pump", *(level.table(store.device_model) for level in LEVELS)):
        assert store.rows(f"SELECT DISTINCT device_id FROM {table}") == [(kept,)]
    assert store.rows("SELECT name, device_id, readings_dropped_at IS NOT NULL FROM removed_devices") == [
        ("gone", gone, True)
    ]
