"""Channels that devices send and the catalog does not declare, so that somebody finds out without scanning readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from store.database import Connection
from store.sql import load

SQL = load("undeclared")
MOST = 200
"""Names that are noted for a device model; each of a broken device's messages may bring new ones."""


@dataclass(frozen=True, slots=True)
class UndeclaredChannel:
    """A channel that came undeclared; `device` is one that sent it, empty when that one was removed."""

    device_model: str
    channel: str
    device: str
    first_at: datetime
    last_at: datetime


def note(connection: Connection, device_model: str, channels: Mapping[str, int], at: datetime) -> None:
    """Note that these channels came, each from a device by its id."""
    names = sorted(channels)
    connection.execute(
        SQL["note"],
        {
            "device_model": device_model,
            "channels": names,
            "device_ids": [channels[name] for name in names],
            "at": at,
            "most": MOST,
        },
    )


def since(connection: Connection, at: datetime) -> list[UndeclaredChannel]:
    """What came undeclared at that instant or later, to a minute, by device model and channel."""
    return [UndeclaredChannel(*row) for row in connection.execute(SQL["since"], {"since": at})]
