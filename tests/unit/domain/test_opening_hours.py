import pytest

from domain.errors import InvalidInputError
from domain.opening_hours import parse_opening_hours


def test_spans_of_days_and_several_windows() -> None:
    week = parse_opening_hours("Mo-Tu 08:00-12:00, Mo 13:00-17:30; Sa 22:00-06:00")
    assert week == {0: ((480, 720), (780, 1050)), 1: ((480, 720),), 5: ((1320, 1800),)}


def test_always_and_days_over_the_weekend() -> None:
    assert parse_opening_hours("24/7") == parse_opening_hours("Mo-Su 00:00-24:00")
    assert sorted(parse_opening_hours("Sa-Mo 09:00-10:00")) == [0, 5, 6]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not like"),
        ("Mo", "is not like"),
        ("Mo 8-17", "is not like"),
        ("Mo 25:00-26:00", "25:00 is no time of day"),
        ("Mo 08:61-09:00", "08:61 is no time of day"),
        ("Mo 24:00-06:00", "opens after midnight"),
        ("Mo 08:00-12:00, Mo 11:00-13:00", "two windows overlap on Mo"),
        ("Mo 08:00-12:00, " * 100, "at most 500"),
    ],
)
def test_what_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        parse_opening_hours(text)
