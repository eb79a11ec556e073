"""What endpoints take from requests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from api.request import Instant

INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def test_an_instant_is_in_utc() -> None:
    instant = INSTANT.validate_python("2026-03-01T01:00:00+02:00")
    assert (instant, instant.tzinfo) == (datetime(2026, 2, 28, 23, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:00:00-14:00",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "3000-01-01T00:00:00Z",
        "2026-03-01T01:00:00",
    ],
)
def test_what_no_calendar_holds_is_no_instant(text: str) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(text)
