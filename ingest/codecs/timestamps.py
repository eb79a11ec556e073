"""Timestamps of messages."""

from __future__ import annotations

from domain.device_time import read_device_time
from ingest.codecs.decoded import PayloadError


def read_timestamp(value: object) -> int:
    """Microseconds since 1970, UTC. Raises PayloadError for anything that is not an instant from 1990 to 2099."""
    try:
        return read_device_time(value)
    except ValueError as error:
        raise PayloadError("ts", str(error)) from None
