"""Reads the fields that several messages have. Pure: `MessageError` says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from diagnostics.messages import MessageError
from domain.device_time import read_device_time, to_datetime

LARGEST_JSON = 128 << 10


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
    try:
        return to_datetime(read_device_time(document.get("ts")))
    except ValueError as error:
        raise MessageError("ts", str(error)) from None


def read_text(document: Mapping[str, Any], key: str, longest: int) -> str:
    """A text without control characters; empty when it is not there."""
    value = document.get(key, "")
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise MessageError("shape", f"{key} is not printable text of at most {longest} characters")
    return value
