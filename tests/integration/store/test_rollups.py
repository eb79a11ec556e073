"""Roll-ups and latest values tell what the readings tell, however those came to be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.device_model import Channel
from store.dirty_buckets import hold_upkeep
from store.latest import latest_of_device, latest_of_fleet
from store.migrate import migrate
from store.readings import read_range
from store.rollup_levels import LEVELS

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def summed_up(readings, width, origin=datetime(2000, 1, 3, tzinfo=UTC)):
    """Count, least, greatest and sum of each channel in each bucket, the slow way."""
    buckets = {}
    for ts, values in readings.items():
        bucket = buckets.setdefault(ts - (ts - origin) % width, {})
        for name, value in values.items():
            bucket.setdefault(name, []).append(value)
    return {
        start: {name: (len(found), min(found), max(found), sum(found)) for name, found in channels.items()}
        for start, channels in buckets.items()
    }


def stored_roll_ups(store, level, device_id=1):
    columns = ", ".join(f"{name}_{word}" for name in ("flow", "head") for word in ("count", "min", "max", "sum"))
    found = {}
    for start, *figures in store.rows(
        f"SELECT bucket, {columns} FROM {level.table(store.device_model)} WHERE device_id = %s", device_id
    ):
        found[start] = {name: tuple(figures[at : at + 4]) for name, at in (("flow", 0), ("head", 4)) if figures[at] > 0}
    return found


def read(store, since, until, points, device_id=1):
    with store.database.transaction() as connection:
        return read_range(connection, store.device_model, device_id=device_id, since=since, until=until, points=points)


def merged(rows):
    """What is stored when these writes have come, in this order: the first value wins."""
    readings = {}
    for batch in rows:
        for ts, values in batch.items():
            readings[ts] = {**values, **readings.get(ts, {})}
    return readings


instants = st.one_of(
    st.integers(0, 200),
    st.integers(0, 3 * 86_400),
    st.sampled_from([86_399, 86_400, 3_600, 60]),
    st.integers(0, 300).map(lambda second: 7 * 86_400 + second),
)
values = st.dictionaries(st.sampled_from(["flow", "head"]), st.integers(-9, 9).map(float), min_size=1)
batches = st.lists(
    st.dictionaries(instants.map(lambda second: START + second * SECOND), values, min_size=1, max_size=8),
    min_size=1,
    max_size=6,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=batches,
    steps=st.lists(st.sampled_from(["take", "roll", "drop", "nothing"]), min_size=6, max_size=6),
    since=st.integers(0, 8 * 86_400),
    length=st.integers(3, 3 * 86_400),
    points=st.integers(1, 30),
)
def test_whatever_is_written_roll_ups_ranges_and_latest_values_are_as_the_readings(
    store, batches, steps, since, length, points
):
    store.empty()
    store.device_model = replace(store.device_model, retention=7 * DAY)
    kept_from, accepted = START - 70 * DAY, []
    for batch, step in zip(batches, steps, strict=False):
        store.write(1, batch)
        accepted.append({ts: found for ts, found in batch.items() if ts >= kept_from})
        if step in ("take", "roll"):
            store.take()
        if step == "roll":
            store.roll_up()
        if step == "drop" and store.drop(START + 15 * DAY):
            kept_from = START + 7 * DAY
    readings = merged(accepted)

    begin, end = max(START + since * SECOND, kept_from), START + (since + length) * SECOND
    if begin < end:
        compare(read(store, begin, end, points), {ts: found for ts, found in readings.items() if begin <= ts < end})

    store.take()
    store.roll_up()
    for level in LEVELS:
        assert stored_roll_ups(store, level) == summed_up(readings, level.width)
    with store.database.transaction() as connection:
        latest = latest_of_device(connection, store.device_model, device_id=1)
    assert latest == {
        name: max((ts, found[name]) for ts, found in readings.items() if name in found)
        for name in ("flow", "head")
        if any(name in found for found in readings.values())
    }


def compare(answer, readings):
    """The answer is what these readings say."""
    if answer.bucket is None:
        assert list(answer.ts) == sorted(readings)
        return
    wanted = summed_up(readings, answer.bucket)
    assert list(answer.ts) == sorted(wanted)
    for name in ("flow", "head"):
        summary = answer.channels[name]
        for at, start in enumerate(answer.ts):
            count, least, greatest, total = wanted[start].get(name, (0, None, None, None))
            assert (summary.low[at], summary.high[at]) == (least, greatest)
            assert summary.mean[at] == (pytest.approx(total / count) if count else None)


def test_a_long_range_is_read_from_roll_ups_and_what_is_newer_from_the_readings(store):
    store.write(1, {START + minute * MINUTE: {"flow": minute} for minute in range(5 * 24 * 60)})
    while store.take():
        pass
    while store.roll_up():
        pass
    store.rows("DELETE FROM readings_pump WHERE ts < %s", START + 4 * DAY)
    store.write(1, {START + 2 * DAY + SECOND: {"flow": -5}, START + 5 * DAY: {"flow": 9999}})

    answer = read(store, START, START + 5 * DAY + MINUTE, points=100)

    assert answer.bucket == 80 * MINUTE
    assert (answer.channels["flow"].low[0], answer.channels["flow"].high[0]) == (0, 79)
    assert min(answer.channels["flow"].low) == -5
    assert answer.channels["flow"].high[-1] == 9999


def test_values_near_the_end_of_the_range_of_doubles_stop_nothing(store):
    store.write(1, {START + second * SECOND: {"flow": 1.7e308} for second in range(20_000)})
    store.take()
    store.roll_up()

    answer = read(store, START, START + 20_000 * SECOND, points=10)

    assert max(answer.channels["flow"].high) == 1.7e308
    assert answer.channels["flow"].mean[1] == pytest.approx(1e290)


def test_a_new_channel_and_a_new_level_come_with_the_migration(store, database_url):
    store.write(1, {START + second * SECOND: {"flow": 1} for second in range(100)})
    more = replace(store.device_model, channels=[*store.device_model.channels, Channel("power", "Power", "W")])
    store.rows("DROP TABLE rollup_1m_pump; TRUNCATE dirty_batches")

    migrate(database_url, [more])
    store.device_model = more
    store.roll_up()

    assert store.rows("SELECT flow_count, power_count FROM rollup_1m_pump ORDER BY bucket") == [(60, 0), (40, 0)]
    assert store.rows("SELECT flow_count FROM rollup_1h_pump") == [(100,)]


def test_two_upkeep_processes_never_hold_one_device_model_at_once(store):
    store.write(1, {START: {"flow": 1}})
    with store.database.transaction() as connection:
        assert hold_upkeep(connection, store.device_model)
        assert store.take() == 0
    assert store.take() == 1


def test_latest_values_of_a_fleet_are_by_name_and_never_older_than_before(store):
    store.register("b", "a")
    store.write(2, {START: {"flow": 1, "head": 2}, START + HOUR: {"flow": 3}})
    store.write(1, {START: {"head": 4}})
    store.take()
    store.write(2, {START - HOUR: {"flow": 7, "head": 8}, START + MINUTE: {"head": 9}})
    store.take()

    with store.database.transaction() as connection:
        fleet = latest_of_fleet(connection, store.device_model)

    assert fleet.channels == ["flow", "head"]
    assert fleet.devices == ["a", "b"]
    assert fleet.ts == [START + HOUR, START]
    assert fleet.values == [[3, 9], [None, 4]]
