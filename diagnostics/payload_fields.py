"""Reads the fields that several messages have. Pure: `MessageError` says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from diagnostics.messages import MessageError

LARGEST_JSON = 128 << 10
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def read_document(payload: bytes) -> Mapping[str, Any]:
    """The JSON object of a payload."""
    if len(payload) > LARGEST_JSON:
        raise MessageError("size", f"{len(payload)} bytes are more than {LARGEST_JSON}")
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise MessageError("json", f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise MessageError("shape", "not a JSON object")
    if rb"\u0000" in payload:
        raise MessageError("shape", "it has a character U+0000, which no text in the database holds")
    return document


def read_ts(document: Mapping[str, Any]) -> datetime:
    """When the device says it was: UTC."""
    value = document.get("ts")
    try:
        if isinstance(value, str):
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is None:
                raise MessageError("ts", f"ts {value[:50]!r} has no time zone: append Z for UTC")
            instant = instant.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            instant = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value)
        else:
            raise MessageError("ts", "ts is missing: send epoch milliseconds or ISO 8601 with a time zone")
    except (ValueError, OverflowError):
        raise MessageError("ts", f"ts {str(value)[:50]!r} is no instant") from None
    if not EARLIEST <= instant < LATEST:
        raise MessageError("ts", f"ts {str(value)[:50]!r} lies outside 1990 to 2099: send epoch milliseconds")
    return instant


def read_text(document: Mapping[str, Any], key: str, longest: int) -> str:
    """A text without control characters; empty when it is not there."""
    value = document.get(key, "")
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise MessageError("shape", f"{key} is not printable text of at most {longest} characters")
    return value
