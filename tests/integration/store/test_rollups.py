"""Roll-ups and latest values tell what the readings tell, however those came to be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.latest import latest_of_device
from store.readings import read_range
from store.rollup_levels import LEVELS

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


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


instants = st.one_of(st.integers(0, 200), st.integers(0, 3 * 86_400), st.sampled_from([86_399, 86_400, 3_600, 60]))
values = st.dictionaries(st.sampled_from(["flow", "head"]), st.integers(-9, 9).map(float), min_size=1)
batches = st.lists(
    st.dictionaries(instants.map(lambda second: START + second * SECOND), values, min_size=1, max_size=8),
    min_size=1,
    max_size=6,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=batches,
    steps=st.lists(st.sampled_from(["take", "roll", "nothing"]), min_size=6, max_size=6),
    since=st.integers(0, 2 * 86_400),
    length=st.integers(3, 3 * 86_400),
    points=st.integers(1, 30),
)
def test_whatever_is_written_roll_ups_ranges_and_latest_values_are_as_the_readings(
    store, batches, steps, since, length, points
):
    store.rows("TRUNCATE readings_pump, latest_pump, dirty_batches, dirty_buckets")
    for level in LEVELS:
        store.rows(f"TRUNCATE {level.table(store.device_model)}")
    for batch, step in zip(batches, steps, strict=False):
        store.write(1, batch)
        if step != "nothing":
            store.take()
        if step == "roll":
            store.roll_up()
    readings = merged(batches)

    begin, end = START + since * SECOND, START + (since + length) * SECOND
    answer = read(store, begin, end, points)
    inside = {ts: found for ts, found in readings.items() if begin <= ts < end}
    if answer.bucket is None:
        assert list(answer.ts) == sorted(inside)
    else:
        wanted = summed_up(inside, answer.bucket)
        assert list(answer.ts) == sorted(wanted)
        for name in ("flow", "head"):
            summary = answer.channels[name]
            for at, start in enumerate(answer.ts):
                count, least, greatest, total = wanted[start].get(name, (0, None, None, None))
                assert (summary.low[at], summary.high[at]) == (least, greatest)
                assert summary.mean[at] == (pytest.approx(total / count) if count else None)

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
