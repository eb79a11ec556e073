from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.business_hours import BusinessHours, due, elapsed, first_instant
from domain.errors import InvalidInputError

HOUR = timedelta(hours=1)
BERLIN = "Europe/Berlin"
OFFICE = BusinessHours(BERLIN, "Mo-Fr 08:00-17:00", "DE-HH")
NIGHT = BusinessHours(BERLIN, "Mo-Fr 22:00-06:00, Sa 01:30-02:30", "DE-HH", (date(2026, 4, 7),))
CALENDARS = (
    OFFICE,
    NIGHT,
    BusinessHours("UTC"),
    BusinessHours("America/New_York", "Mo-Su 01:15-02:45, Mo-Su 02:45-03:15", "US"),
    BusinessHours("Australia/Lord_Howe", "Sa-Su 00:00-24:00"),
    BusinessHours("Pacific/Apia", "Mo-Fr 00:00-24:00"),
)
calendars = st.sampled_from(CALENDARS)
DAYS = ("2026-03-27", "2026-10-23", "2026-12-23", "2011-12-28", "2026-03-07")
"""A little before both changes of the clock in each zone, holidays, the turn of the year, and the day that Apia left
out."""


def moments(number: int) -> st.SearchStrategy[list[datetime]]:
    """So many instants of the same days, in order."""
    seconds = st.lists(st.integers(0, 8 * 86_400), min_size=number, max_size=number).map(sorted)
    return st.builds(
        lambda day, after: [datetime.fromisoformat(f"{day}T00:00Z") + timedelta(seconds=one) for one in after],
        st.sampled_from(DAYS),
        seconds,
    )


windows = st.integers(1, 60 * 3600).map(lambda seconds: timedelta(seconds=seconds))


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@settings(max_examples=60, deadline=None)
@given(calendars, moments(3))
def test_elapsed_adds_up_and_never_falls(hours: BusinessHours, instants: list[datetime]) -> None:
    first, second, third = instants
    assert elapsed(hours, first, second) + elapsed(hours, second, third) == elapsed(hours, first, third)
    assert timedelta(0) <= elapsed(hours, first, second) <= second - first


@settings(max_examples=60, deadline=None)
@given(calendars, moments(4))
def test_a_pause_takes_away_exactly_its_business_time(hours: BusinessHours, instants: list[datetime]) -> None:
    since, began, ended, until = instants
    paused = elapsed(hours, since, until, [(began, ended)])
    assert paused == elapsed(hours, since, until) - elapsed(hours, began, ended)


@settings(max_examples=60, deadline=None)
@given(calendars, moments(3), windows)
def test_due_is_the_first_instant_at_which_the_window_has_elapsed(
    hours: BusinessHours, instants: list[datetime], window: timedelta
) -> None:
    since, began, ended = instants
    pauses = [(began, ended)]
    end = due(hours, since, window, pauses)
    assert elapsed(hours, since, end, pauses) == window
    assert elapsed(hours, since, end - timedelta(microseconds=1), pauses) < window


def test_weekends_holidays_and_closed_days_do_not_count() -> None:
    # Thursday before Easter, 16:00: an hour, then Friday, Saturday, Sunday and Monday are closed.
    assert due(OFFICE, at("2026-04-02T16:00"), 2 * HOUR) == at("2026-04-07T09:00")
    closed = BusinessHours(BERLIN, "Mo-Fr 08:00-17:00", "DE-HH", (date(2026, 4, 7),))
    assert due(closed, at("2026-04-02T16:00"), 2 * HOUR) == at("2026-04-08T09:00")


def test_days_on_which_the_clock_changes_have_23_and_25_hours() -> None:
    always = BusinessHours(BERLIN)
    assert elapsed(always, at("2026-03-29T00:00"), at("2026-03-30T00:00")) == 23 * HOUR
    assert elapsed(always, at("2026-10-25T00:00"), at("2026-10-26T00:00")) == 25 * HOUR
    assert due(always, at("2026-03-28T12:00"), 24 * HOUR) == at("2026-03-29T13:00")


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    night = BusinessHours(BERLIN, "Mo-Fr 22:00-06:00", "DE")
    assert elapsed(night, at("2026-04-02T00:00"), at("2026-04-04T00:00")) == 14 * HOUR  # Wednesday's end, Thursday's
    assert elapsed(night, at("2026-04-03T06:00"), at("2026-04-06T22:00")) == timedelta(0)  # Good Friday's is closed


def test_a_wall_time_that_is_left_out_is_when_the_clock_jumps() -> None:
    assert first_instant(ZoneInfo(BERLIN), date(2026, 3, 29), 150) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert first_instant(ZoneInfo("Pacific/Apia"), date(2011, 12, 30), 600) == datetime(2011, 12, 30, 10, tzinfo=UTC)
    gap = BusinessHours(BERLIN, "Su 02:15-02:45")
    assert elapsed(gap, at("2026-03-29T00:00"), at("2026-03-30T00:00")) == timedelta(0)


def test_hours_that_never_open_are_told() -> None:
    days = tuple(date(2026, 1, 5) + timedelta(weeks=week) for week in range(600))
    with pytest.raises(InvalidInputError, match="within ten years"):
        due(BusinessHours("UTC", "Mo 08:00-09:00", "", days), datetime(2026, 1, 5, tzinfo=UTC), HOUR)


@pytest.mark.parametrize(
    "fields", [{"time_zone": "Mars/Olympus"}, {"time_zone": ""}, {"holidays": "DE-QQ"}, {"holidays": "de"}]
)
def test_what_is_no_calendar(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        BusinessHours(**fields)
