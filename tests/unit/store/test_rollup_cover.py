"""A range is covered once, by the coarsest source that is right."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from store.rollup_cover import cover
from store.rollup_levels import LEVELS

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE, TEN_MINUTES, HOUR, DAY = LEVELS


def at(clock):
    hours, minutes, seconds = map(int, clock.split(":"))
    return START + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def shown(stretches):
    return [f"{start:%H:%M:%S}-{end:%H:%M:%S}" for start, end in stretches]


def test_edges_come_from_the_finest_level_and_what_is_left_from_readings():
    parts = cover(at("1:58:30"), at("5:02:10"), level=HOUR, finest=MINUTE, dirty=[])

    assert shown(parts.level) == ["02:00:00-05:00:00"]
    assert shown(parts.finest) == ["01:59:00-02:00:00", "05:00:00-05:02:00"]
    assert shown(parts.raw) == ["01:58:30-01:59:00", "05:02:00-05:02:10"]


def test_a_dirty_bucket_is_read_from_readings_and_the_rest_of_its_hour_from_minutes():
    parts = cover(at("1:00:00"), at("4:00:00"), level=HOUR, finest=MINUTE, dirty=[at("2:30:00")])

    assert shown(parts.level) == ["01:00:00-02:00:00", "03:00:00-04:00:00"]
    assert shown(parts.finest) == ["02:00:00-02:30:00", "02:31:00-03:00:00"]
    assert shown(parts.raw) == ["02:30:00-02:31:00"]


def test_a_range_within_one_bucket_is_read_from_readings():
    parts = cover(at("1:00:10"), at("1:00:50"), level=HOUR, finest=MINUTE, dirty=[at("1:00:00")])

    assert (parts.level, parts.finest) == ([], [])
    assert shown(parts.raw) == ["01:00:10-01:00:50"]


@given(
    since=st.integers(-90_000, 90_000),
    length=st.integers(1, 200_000),
    level=st.sampled_from(LEVELS),
    dirty=st.sets(st.integers(-1_500, 4_800), max_size=8),
)
def test_every_instant_is_covered_once_and_no_roll_up_where_it_is_dirty(since, length, level, dirty):
    begin, end = START + since * SECOND, START + (since + length) * SECOND
    starts = [START + minute * MINUTE.width for minute in dirty]

    parts = cover(begin, end, level=level, finest=MINUTE, dirty=starts)

    every = sorted([*parts.level, *parts.finest, *parts.raw])
    assert every[0][0] == begin
    assert every[-1][1] == end
    assert all(first[1] == second[0] for first, second in pairwise(every))
    for source, stretches in ((level, parts.level), (MINUTE, parts.finest)):
        for start, stop in stretches:
            assert source.floor(start) == start
            assert source.floor(stop) == stop
            assert not any(start <= minute < stop for minute in starts)
