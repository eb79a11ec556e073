"""Which slot a technician is free for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.business_hours import Span
from domain.visit import Technician
from service_desk.slots import Roster, choose_slot, refusal

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
LATEST = MONDAY + timedelta(days=21)


def at(day: int, hour: float) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


def roster(name: str = "anna", number: int = 1, busy: list[Span] | None = None, **fields: Any) -> Roster:
    return Roster(number, Technician(technician=name, service_centre="north", **fields), busy or [])


def start(rosters: list[Roster], wanted: datetime, *, hours: float = 2, earliest: datetime = MONDAY) -> datetime | None:
    slot = choose_slot(rosters, hours * HOUR, earliest=earliest, wanted=wanted, latest=LATEST)
    return slot and slot.starts_at


@pytest.mark.parametrize(
    ("wanted", "busy", "expected"),
    [
        (at(1, 10), [], at(1, 10)),
        (at(1, 10.1), [], at(1, 10)),
        (at(1, 16), [], at(1, 15)),
        (at(1, 3), [], at(0, 15)),
        (at(1, 10), [(at(1, 9), at(1, 11))], at(0, 15)),
        (at(1, 12), [(at(1, 11), at(1, 13))], at(1, 9)),
        (at(5, 12), [], at(4, 15)),
        (MONDAY, [], at(0, 8)),
    ],
)
def test_the_last_start_before_the_wanted_time_else_the_first_after_it(
    wanted: datetime, busy: list[Span], expected: datetime
) -> None:
    assert start([roster(busy=busy)], wanted) == expected


def test_a_full_week_leads_to_the_next() -> None:
    busy = [(at(0, 8), at(0, 17))]
    assert start([roster(busy=busy, weekly_hours=10)], at(2, 10), hours=2) == at(7, 8)
    assert start([roster(busy=busy, weekly_hours=11)], at(2, 10), hours=2) == at(2, 10)


def test_holidays_and_closed_days_have_no_slot() -> None:
    assert start([roster(closed_days=(date(2026, 3, 3),))], at(1, 10), earliest=at(1, 0)) == at(2, 8)


def test_a_visit_that_is_longer_than_every_shift_has_no_slot() -> None:
    assert start([roster()], at(1, 10), hours=10) is None


def test_who_has_less_work_that_week_goes() -> None:
    slot = choose_slot(
        [roster(busy=[(at(0, 8), at(0, 9))]), roster("zoe", 2)],
        HOUR, earliest=MONDAY, wanted=at(2, 10), latest=LATEST,
    )  # fmt: skip
    assert slot is not None
    assert (slot.technician, slot.technician_id) == ("zoe", 2)


def test_a_shift_begins_by_the_wall_clock_when_the_clocks_change() -> None:
    berlin = roster(time_zone="Europe/Berlin", hours="Mo-Su 02:00-04:00")
    day_before, change = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)
    slot = choose_slot([berlin], 2 * HOUR, earliest=day_before, wanted=change, latest=change)
    assert slot is not None
    assert slot.starts_at == datetime(2026, 3, 28, 1, tzinfo=UTC)
    # On the 29th the shift from 2 to 4 is one hour long, from 3 to 4: two hours do not fit, one does.
    latest = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert choose_slot([berlin], 2 * HOUR, earliest=change, wanted=change, latest=latest) is None
    slot = choose_slot([berlin], HOUR, earliest=change, wanted=change, latest=latest)
    assert slot is not None
    assert slot.starts_at == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts", "hours", "told"),
    [
        (at(1, 10), 2, ""),
        (at(0, 10), 2, "booked elsewhere"),
        (at(1, 16), 2, "does not work then"),
        (at(1, 8), 8, "has 8 hours of visits"),
    ],
)
def test_a_refusal_says_why(starts: datetime, hours: float, told: str) -> None:
    busy = roster(busy=[(at(0, 9), at(0, 11))], weekly_hours=8)
    why = refusal(busy, starts, starts + hours * HOUR)
    assert why.find(told) >= 0 if told else not why


@given(
    st.lists(st.tuples(st.integers(0, 20 * 24), st.integers(1, 12)), max_size=12),
    st.integers(0, 20 * 24),
    st.integers(1, 8),
    st.sampled_from(["UTC", "America/New_York", "Europe/Berlin"]),
)
def test_what_is_chosen_is_never_refused(taken: list[tuple[int, int]], wanted: int, hours: int, zone: str) -> None:
    busy = [(at(0, begins), at(0, begins + long)) for begins, long in taken]
    one = roster(busy=busy, time_zone=zone, weekly_hours=20)
    slot = choose_slot([one], hours * HOUR, earliest=MONDAY, wanted=at(0, wanted), latest=LATEST)
    if slot is not None:
        assert not refusal(one, slot.starts_at, slot.ends_at)
        assert slot.starts_at >= MONDAY
