"""Money: whole minor units, one currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.money import Money


@given(st.integers(), st.integers())
def test_adding_and_taking_away_again(a, b):
    assert Money(a, "EUR") + Money(b, "EUR") - Money(b, "EUR") == Money(a, "EUR")


def test_currencies_never_mix():
    with pytest.raises(InvalidInputError, match="cannot add USD to EUR"):
        Money(1, "EUR") + Money(1, "USD")


def test_a_share_is_rounded_to_the_minor_unit():
    assert Money(101, "EUR").times(0.5) == Money(50, "EUR")
    assert str(Money(123456, "EUR")) == "EUR 1,234.56"


def test_a_currency_has_three_capitals():
    with pytest.raises(InvalidInputError, match="ISO 4217"):
        Money(1, "euro")
