"""Durations as they are given to commands."""

from __future__ import annotations

from datetime import timedelta

from domain.catalog import parse_duration
from domain.errors import InvalidInputError


def read_duration(text: str) -> timedelta:
    """Such as `30s`, `15m`, `1h` or `7d`. Raises InvalidInputError."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InvalidInputError(str(error)) from error
