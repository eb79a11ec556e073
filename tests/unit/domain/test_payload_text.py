from __future__ import annotations

import pytest

from domain.payload_text import on_one_line, printable, readable, shown


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b'{"ts": 1}', '{"ts": 1}'),
        ("Größe\n\tµ".encode(), "Größe\n\tµ"),
        (b"\x1b[2J\x07\x00", "\\x1b[2J\\x07\\x00"),
        ("\u202egpj.exe".encode(), "\\u202egpj.exe"),
        (b"\x1f\x8b\x08", "hexadecimal: 1f 8b 08"),
        (b"", ""),
    ],
)
def test_what_a_stranger_sent_does_nothing_to_a_terminal(payload: bytes, text: str) -> None:
    assert readable(payload) == text


def test_a_letter_that_is_cut_through_is_no_reason_for_digits() -> None:
    beginning = "µµ".encode()[:3]
    assert readable(beginning, cut=True) == "µ"
    assert readable(beginning) == "hexadecimal: c2 b5 c2"


def test_one_line() -> None:
    assert on_one_line(printable("a\n  b\tc")) == "a b c"


def test_what_an_error_shows_of_a_value_is_short_however_deeply_it_is_nested() -> None:
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    assert shown([1, "a"]) == "[1, 'a']"
    assert shown("x" * 100) == f"'{'x' * 36}..."
    assert shown(nested) == "list that is nested too deeply to be shown"
