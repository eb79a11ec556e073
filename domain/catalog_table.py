"""A TOML table that names the place of every mistake, and the readers of its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import CatalogError, InvalidInputError
from domain.money import Money

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,40}")
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)")
ALIKE = 0.75
"""How alike a key and the one that was meant are, by difflib's ratio; keys that are known are less alike."""
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31_536_000.0}


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `15m`, `1.5h`, `7d`, `2w` or `2y` (of 365 days). Raises ValueError."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 30s, 15m, 1h or 7d")
    try:
        return timedelta(seconds=float(match[1]) * UNITS[match[2]])
    except OverflowError as error:
        raise ValueError(f"{text!r} is longer than any calendar") from error


class Table:
    """A TOML table that knows where it stands, so that an error can name the place."""

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self._values = values
        self._place = place
        self._used: set[str] = set()

    def fail(self, key: str, problem: str) -> CatalogError:
        return CatalogError(f"{self._place}: {key} {problem}")

    def get(self, key: str, read: Callable[[Any], T], default: T | None = None) -> T:
        self._used.add(key)
        if key not in self._values:
            if default is None:
                raise self._missing(key)
            return default
        try:
            return read(self._values[key])
        except (TypeError, ValueError, OverflowError) as error:
            raise self.fail(key, f"is wrong: {error}") from error

    def table(self, key: str) -> Table:
        self._refuse_misspelt(key)
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(key, "must be a table")
        return Table(value, f"{self._place}: [{key}]")

    def tables(self, key: str) -> list[Table]:
        self._refuse_misspelt(key)
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise self.fail(key, f"must be a list of tables, written as [[{key}]]")
        return [
            Table(row, f"{self._place}: [[{key}]] {row.get('name', row.get('part_no', number))}")
            for number, row in enumerate(value, 1)
        ]

    def finish(self) -> None:
        unknown = sorted(set(self._values) - self._used)
        if unknown:
            [meant] = get_close_matches(unknown[0], self._used - set(self._values), 1, ALIKE) or [""]
            hint = f"; is {meant} meant?" if meant else ""
            raise self.fail(unknown[0], f"is not known here{hint}; known are {', '.join(sorted(self._used))}")

    def _missing(self, key: str) -> CatalogError:
        """Names what stands there instead: nothing has been read yet of what comes after a misspelt key."""
        self._refuse_misspelt(key)
        given = ", ".join(self._values)
        return self.fail(key, f"is missing; given are {given}" if given else "is missing, and nothing is given")

    def _refuse_misspelt(self, key: str) -> None:
        self._used.add(key)
        if key not in self._values and (alike := get_close_matches(key, set(self._values) - self._used, 1, ALIKE)):
            raise self.fail(alike[0], f"is not known here; is {key} meant?")


def read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def read_identifier(value: Any) -> str:
    if not IDENTIFIER.fullmatch(read_text(value)):
        raise ValueError(f"{value!r} is not a name of small letters, digits and _ that begins with a letter")
    return str(value)


def read_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def read_count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} is not a whole number of at least 1")
    return value


def read_minor(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not an amount in minor units (cents, a whole number)")
    return value


def read_fraction(value: Any) -> float:
    number = read_number(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{value!r} is not between 0 and 1")
    return number


def read_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list of texts")
    return tuple(read_text(item) for item in value)


def read_duration(value: Any) -> timedelta:
    return parse_duration(read_text(value))


def read_span(value: Any) -> timedelta:
    duration = read_duration(value)
    if not duration:
        raise ValueError(f"{value!r} is no time at all: give a longer duration")
    return duration


def read_spans(value: Any) -> tuple[timedelta, ...]:
    if not (texts := read_texts(value)):
        raise ValueError("the list is empty: give at least one duration")
    return tuple(read_span(item) for item in texts)


def read_currency(value: Any) -> str:
    try:
        return Money(0, read_text(value)).currency
    except InvalidInputError as error:
        raise ValueError(str(error)) from error


def read_all(value: Any, kind: type[E]) -> tuple[E, ...]:
    """A list of texts, each of them one of the kind's values."""
    return tuple(read_one(item, kind) for item in read_texts(value))


def read_one(value: Any, kind: type[E]) -> E:
    """A text that is one of the kind's values."""
    try:
        return kind(read_text(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is none of {', '.join(kind)}") from error
