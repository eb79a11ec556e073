from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console.time_window import window_of
from domain.errors import InvalidInputError

NEWEST = datetime(2026, 3, 1, tzinfo=UTC)


def test_without_a_range_the_last_week_up_to_the_newest_reading_is_shown() -> None:
    for span in (None, "never"):
        window = window_of(span, None, None, newest=NEWEST)
        assert (window.until > NEWEST, window.length, window.address) == (True, timedelta(days=7), {"span": "7d"})


def test_a_window_is_moved_and_zoomed_around_its_middle() -> None:
    window = window_of(None, "2026-01-01T00:00Z", "2026-01-03T00:00", newest=NEWEST)
    assert window.moved(-0.5).since == datetime(2025, 12, 31, tzinfo=UTC)
    assert window.zoomed(2).zoomed(0.5) == window
    assert window.zoomed(2).length == timedelta(days=4)
    assert window.address == {"since": "2026-01-01T00:00:00.000Z", "until": "2026-01-03T00:00:00.000Z"}


@pytest.mark.parametrize(
    ("since", "until"),
    [("x", "2026-01-01"), ("2026-01-02", "2026-01-01"), ("2026-01-01", None), ("0001-01-01", "9999-12-31")],
)
def test_what_is_no_range_is_refused(since: str, until: str | None) -> None:
    with pytest.raises(InvalidInputError):
        window_of(None, since, until, newest=NEWEST)
