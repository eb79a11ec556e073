"""Requests for many devices: whom they are for, and how far they have come. Each device has a command of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from domain.command import CommandState, FleetCommand
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("fleet_commands")


def devices(
    connection: Connection,
    *,
    device_model: str | None = None,
    customer: str | None = None,
    site: str | None = None,
    limit: int,
) -> list[str]:
    """Names of the devices that all of this is true of, in order, at most `limit`."""
    values = {"device_model": device_model, "customer": customer, "site": site, "limit": limit}
    return [name for (name,) in connection.execute(SQL["devices"], values)]


def add(
    connection: Connection,
    *,
    command: str,
    arguments: Mapping[str, Any],
    refused: Mapping[str, str],
    at: datetime,
    who: str,
) -> int:
    """Id of a new request. refused: why which devices were left out."""
    values = {
        "command": command,
        "arguments": Jsonb(dict(arguments)),
        "refused": Jsonb(dict(refused)),
        "at": at,
        "who": who,
    }
    [(fleet_id,)] = connection.execute(SQL["add"], values)
    return int(fleet_id)


def get(connection: Connection, fleet_id: int) -> FleetCommand:
    """One request with its progress. Raises NotFoundError."""
    found = latest(connection, fleet_id=fleet_id, limit=1)
    if not found:
        raise NotFoundError(f"fleet command {fleet_id} does not exist: look it up in the list")
    return found[0]


def latest(connection: Connection, *, fleet_id: int | None = None, limit: int) -> list[FleetCommand]:
    """Requests, newest first; or the one of this id."""
    rows = connection.execute(SQL["latest"], {"fleet_id": fleet_id, "limit": limit})
    return [
        FleetCommand(
            fleet_id=row[0],
            command=row[1],
            arguments=row[2],
            requested_at=row[3],
            requested_by=row[4],
            refused=row[5],
            states={CommandState(state): count for state, count in (row[6] or {}).items()},
        )
        for row in rows
    ]
