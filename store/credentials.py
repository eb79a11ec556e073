"""Devices' credentials at the broker: hashes only."""

from __future__ import annotations

from datetime import datetime

from domain.errors import ConflictError
from store.database import Connection
from store.devices import get
from store.sql import load

SQL = load("credentials")


def issue(connection: Connection, name: str, password_hash: str, *, at: datetime, rotate: bool = False) -> None:
    """Give a device its credentials. Raises NotFoundError, or ConflictError when it has some and `rotate` is off."""
    device_id = get(connection, name).device_id
    parameters = {"device_id": device_id, "password_hash": password_hash, "issued_at": at, "rotate": rotate}
    if connection.execute(SQL["issue"], parameters).rowcount == 0:
        raise ConflictError(
            f"device {name!r} has credentials already, and nobody knows the password but the device: "
            "give --rotate to replace them"
        )


def hashes(connection: Connection) -> dict[str, str]:
    """Password hash by the name of each device that has credentials."""
    return dict(connection.execute(SQL["hashes"]).fetchall())
