"""The instants that devices tell."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.device_time import EARLIEST, LATEST, read_device_time, to_datetime, to_microseconds

DAY = 86_400_000_000
NOON = 1_769_860_800_000_000


@pytest.mark.parametrize(
    "value",
    [
        1_769_860_800_000,
        1_769_860_800_000.0,
        "2026-01-31T12:00:00Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31T12:00:00.000000+00:00",
    ],
)
def test_the_same_instant_in_every_form(value):
    assert read_device_time(value) == NOON


def test_fractions_of_a_millisecond_are_kept():
    assert read_device_time(1_769_860_800_000.5) == NOON + 500


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1_769_860_800, "looks like epoch seconds"),
        (1_769_860_800_000_000, "looks like epoch microseconds"),
        (1_769_860_800_000_000_000, "looks like epoch nanoseconds"),
        ("2026-01-31T12:00:00", "no time zone"),
        ("1769860800000", "not ISO 8601"),
        ("yesterday", "not ISO 8601"),
        ("1969-12-31T23:59:59Z", "outside 1990 to 2099"),
        (1e300, "outside"),
        (None, "missing"),
        (True, "True"),
        ([], "epoch milliseconds or ISO 8601"),
    ],
)
def test_anything_else_is_refused_with_a_hint(value, hint):
    with pytest.raises(ValueError, match=hint):
        read_device_time(value)


@given(
    st.integers(EARLIEST + DAY, LATEST - DAY),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_iso_text_survives_the_round_trip(microseconds, zone):
    instant = to_datetime(microseconds).astimezone(zone)

    ts = read_device_time(instant.isoformat())

    assert ts == microseconds
    assert to_datetime(ts).tzinfo is UTC
    assert to_microseconds(instant) == ts
