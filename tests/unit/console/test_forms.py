"""What fields of forms hold."""

from __future__ import annotations

import pytest

from console.forms import inside, number
from domain.errors import InvalidInputError


def test_a_number_is_whole_and_within_its_bounds() -> None:
    assert number("007", "a number") == 7
    assert number("0", "a number", least=0) == 0
    assert number("-7", "a number", least=-7) == -7
    assert number(str(2**63 - 1), "a number") == 2**63 - 1


@pytest.mark.parametrize(
    "text", ["", " ", "-", "-1", "--1", "0", "8", "1.5", "1e3", "²", "٣", "0" * 20 + "1", "1" * 5000]
)
def test_any_other_text_is_no_number(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a day"):
        number(text, "a day", most=7)


@pytest.mark.parametrize(
    "target", ["", "tickets", "//elsewhere", "/\\elsewhere", "https://elsewhere", "/a\nb", "/a" * 2_001]
)
def test_nobody_is_sent_elsewhere(target: str) -> None:
    assert inside(target, "/") == "/"
