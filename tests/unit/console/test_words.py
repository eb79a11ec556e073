from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console import words

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=45), "in 45 min"),
        (timedelta(hours=30), "in 30 h"),
        (timedelta(days=3), "in 3 d"),
        (-timedelta(hours=5), "5 h ago"),
    ],
)
def test_until(gap: timedelta, text: str) -> None:
    assert words.until(NOW + gap, NOW) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=5, minutes=10), "5 h 10 min"),
        (timedelta(days=3), "3 d"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (timedelta(days=40, hours=4), "40 d"),
        (timedelta(0), "0 min"),
    ],
)
def test_span(length: timedelta, text: str) -> None:
    assert words.span(length) == text


def test_money_and_shares_and_numbers() -> None:
    assert words.money(-123450, "EUR") == "EUR -1,234.50"
    assert [words.percent(share) for share in (0, 0.004, 0.83, 1)] == ["0%", "0.4%", "83%", "100%"]
    assert [words.working_hours(one) for one in (0, 1.5, 108, 1234.0)] == ["0 h", "1.5 h", "108 h", "1,234 h"]
    assert [words.points(change) for change in (0.174, -0.027)] == ["+17.4", "−2.7"]
    assert [words.number(value) for value in (0.00123, 52.161, 123456.7)] == ["0.00123", "52.16", "123,457"]


def test_instants_are_told_in_utc() -> None:
    assert words.instant(datetime.fromisoformat("2026-03-01T08:00:00+02:00")) == "2026-03-01 06:00"
    assert words.datetime_local(NOW) == "2026-03-01T09:00"


def test_names_and_lines_of_text() -> None:
    assert words.label("no_fault_found") == "No fault found"
    assert words.label("HP_lock") == "HP lock"
    assert words.unbroken("in 7 d, 12 min after 30 days") == "in 7\u00a0d, 12\u00a0min after 30 days"
