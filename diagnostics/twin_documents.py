"""Documents of a twin: how one changes, and what a device has not done yet. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from domain.errors import InvalidInputError

LARGEST_DOCUMENT = 64 << 10
MOST_SETTINGS = 500
LONGEST_NAME = 128
Changes = dict[str, tuple[Any, Any]]


def patched(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The document with these changes, as RFC 7396 (JSON merge patch) has it: null takes a setting away."""
    result = dict(document)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            before = result.get(name)
            result[name] = patched(before if isinstance(before, Mapping) else {}, value)
        else:
            result[name] = value
    return result


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """By setting what it was and what it became; None: it was not there, or is not any more."""
    return {
        name: (before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if not same(before.get(name), after.get(name))
    }


def delta(desired: Mapping[str, Any], reported: Mapping[str, Any]) -> dict[str, Any]:
    """What is desired and not reported so, with the desired values; of nested settings only those that differ."""
    missing: dict[str, Any] = {}
    for name, value in desired.items():
        found = reported.get(name)
        if isinstance(value, Mapping) and isinstance(found, Mapping):
            if inner := delta(value, found):
                missing[name] = inner
        elif not same(value, found):
            missing[name] = value
    return missing


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 is 1.0, and true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def document_problem(document: Any) -> str | None:
    """Why this cannot be a twin's document; None: it can."""
    if not isinstance(document, Mapping):
        return "it is not an object of settings by name"
    if len(document) > MOST_SETTINGS:
        return f"it has {len(document)} settings, and {MOST_SETTINGS} are the most"
    for name in document:
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            return f"{name[:LONGEST_NAME]!r} cannot be the name of a setting: 1 to {LONGEST_NAME} printable characters"
    try:
        text = orjson.dumps(document)
    except orjson.JSONEncodeError as error:
        return f"it cannot be written as JSON: {error}"
    if not same(orjson.loads(text), document):
        return "it has a number that JSON has not: NaN, or an infinite one"
    if len(text) > LARGEST_DOCUMENT:
        return f"it has {len(text)} bytes, and {LARGEST_DOCUMENT} are the most"
    if rb"\u0000" in text:
        return "it has a character U+0000, which no text in the database holds"
    return None


def check_document(document: Any, whose: str) -> None:
    """Raises InvalidInputError naming what is wrong."""
    if problem := document_problem(document):
        raise InvalidInputError(f"{whose} cannot be stored: {problem}")
