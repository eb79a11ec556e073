from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import read_cursor, write_cursor
from domain.errors import InvalidInputError


@given(st.integers(0, 2**63 - 1), st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_a_cursor_gives_back_its_key(number: int, text: str) -> None:
    at = datetime(2026, 1, 1, 12, 30, 1, 5, tzinfo=UTC)
    assert read_cursor(write_cursor(at, number, text), datetime, int, str) == (at, number, text)


@given(st.text(max_size=60))
def test_anything_else_is_refused_and_nothing_crashes(text: str) -> None:
    try:
        key = read_cursor(text, int)
    except InvalidInputError:
        return
    assert key is not None
    assert isinstance(key[0], int)


@pytest.mark.parametrize(
    "key", [("a",), (1, 2), (-1,), (2**63,), (True,), (1.5,), (None,), (["a"],), (datetime(2026, 1, 1, tzinfo=UTC),)]
)
def test_a_cursor_of_another_list_is_refused(key: tuple[object, ...]) -> None:
    with pytest.raises(InvalidInputError, match="cursor"):
        read_cursor(write_cursor(*key), int)


@pytest.mark.parametrize(("key", "kind"), [("a\ud800", str), ("a\x00", str), ("0001-01-01T00:00:00+14:00", datetime)])
def test_what_the_database_cannot_take_is_no_cursor(key: str, kind: type) -> None:
    with pytest.raises(InvalidInputError, match="cursor"):
        read_cursor(write_cursor(key), kind)


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor(None, int) is None
