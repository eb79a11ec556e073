"""Bytes and texts that strangers sent, so that they can be shown on a terminal or a page. Pure."""

from __future__ import annotations

import codecs


def readable(payload: bytes, *, cut: bool = False) -> str:
    """UTF-8 as text without control characters, anything else as hexadecimal digits; `cut` when the end is missing."""
    try:
        return printable(codecs.getincrementaldecoder("utf-8")().decode(payload, final=not cut))
    except UnicodeDecodeError:
        return f"hexadecimal: {payload.hex(' ')}"


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would act on; line breaks and tabs stay."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else character.encode("unicode_escape").decode()
        for character in text
    )


def on_one_line(text: str) -> str:
    """The same without line breaks, tabs and runs of spaces."""
    return " ".join(text.split())


def shown(value: object) -> str:
    """A value as an error message shows it: short, and on one line."""
    if value is None:
        return "missing"
    try:
        text = repr(value)
    except RecursionError:  # JSON may be nested more deeply than Python can write it
        return f"{type(value).__name__} that is nested too deeply to be shown"
    return text if len(text) <= 40 else text[:37] + "..."
