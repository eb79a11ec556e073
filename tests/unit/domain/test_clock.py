"""The sped-up clock."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import ScaledClock, parse_clock, read_instant, system_clock
from domain.errors import ConfigurationError

STARTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(start=STARTS, wall=st.floats(0, 4e9), speed=st.floats(0.001, 1e6), until=st.none() | STARTS)
def test_the_text_form_names_the_same_clock(start, wall, speed, until):
    clock = ScaledClock(start, wall, speed, until)

    assert parse_clock(str(clock)) == clock


def test_device_time_runs_faster_and_back_again():
    clock = ScaledClock(datetime(2026, 1, 1, tzinfo=UTC), 1000.0, 3600.0)

    assert clock.at(1002.0) == datetime(2026, 1, 1, 2, tzinfo=UTC)
    assert clock.wall(datetime(2026, 1, 1, 2, tzinfo=UTC)) == 1002.0


def test_before_its_beginning_a_replay_stands_still():
    clock = ScaledClock(datetime(2026, 1, 1, tzinfo=UTC), 1000.0, 3600.0)

    assert clock.at(985.0) == clock.at(1000.0) == clock.start


def test_after_its_end_a_replay_goes_on_at_the_machines_pace():
    clock = ScaledClock(datetime(2026, 1, 1, tzinfo=UTC), 1000.0, 3600.0, until=datetime(2026, 1, 1, 2, tzinfo=UTC))

    assert clock.at(1001.0) == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert clock.at(1002.0) == datetime(2026, 1, 1, 2, tzinfo=UTC)
    assert clock.at(1062.0) == datetime(2026, 1, 1, 2, 1, tzinfo=UTC)


def test_the_system_clock_is_the_default():
    assert parse_clock("system") is system_clock
    assert system_clock().tzinfo is UTC


@pytest.mark.parametrize("text", ["", "now", "2026-01-01@1x", "2026-01-01T00:00:00+00:00@1x0", "x@1x1"])
def test_other_texts_are_refused_by_name(text):
    with pytest.raises(ConfigurationError, match="clock"):
        parse_clock(text)


@given(
    instant=st.datetimes(timezones=st.none() | st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone))
)
def test_an_instant_is_read_in_utc_whatever_zone_it_names(instant):
    try:
        wanted = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except OverflowError:
        with pytest.raises(ValueError, match="outside the years"):
            read_instant(instant.isoformat())
        return
    read = read_instant(instant.isoformat())

    assert (read, read.tzinfo) == (wanted, UTC)


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "0001-01-01T00:00+23:00", "9999-12-31T23:00-23:00"])
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        read_instant(text)
