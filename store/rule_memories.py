"""What the alarm rules have not seen yet, and what they remember of each device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from domain.device_model import DeviceModel
from store.database import Connection
from store.presence import GRACE, INTERVALS, Listening
from store.readings import list_channels
from store.sql import load

SQL = load("rule_memories")


@dataclass(frozen=True, slots=True)
class StoredMemory:
    """A device's row; the documents are those of `alerts.device_memory`."""

    judged_until: datetime
    states: Mapping[str, Any]
    older_at: datetime
    older: Mapping[str, Any]
    newer_at: datetime
    newer: Mapping[str, Any]
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A stretch of readings of one device, first <= ts <= last, and what is remembered of the device, if anything."""

    device_id: int
    first: datetime
    last: datetime
    time_zone: str
    memory: StoredMemory | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Readings of one device with after < ts <= until, the first `most` of them."""

    device_id: int
    after: datetime
    until: datetime
    most: int


@dataclass(frozen=True, slots=True)
class Silent:
    """A device of which a rule for silence is due. online_since: None when nobody knows."""

    device_id: int
    time_zone: str
    online_since: datetime | None
    memory: StoredMemory


def note_unjudged(connection: Connection, device_model: DeviceModel) -> None:
    """Note what upkeep has just taken (`taken_stretches`) for the rules of the device model, if it has any."""
    if device_model.alarm_rules:
        connection.execute(SQL["note_unjudged"], {"device_model": device_model.name})
        connection.execute(SQL["announce"])


def drop_history(connection: Connection, device_model: DeviceModel, *, since: datetime, limit: int) -> int:
    """Forget stretches that ended before `since`; how many."""
    parameters = {"device_model": device_model.name, "since": since, "limit": limit}
    return connection.execute(SQL["drop_history"], parameters).rowcount


def take(connection: Connection, device_model: DeviceModel, *, limit: int) -> list[Unjudged]:
    """Take the stretches of some devices; they are given back when the transaction fails."""
    rows = connection.execute(SQL["take"], {"device_model": device_model.name, "limit": limit})
    return [
        Unjudged(device_id, first, last, zone, StoredMemory(*memory) if memory[0] is not None else None)
        for device_id, first, last, zone, *memory in rows
    ]


def put_back(
    connection: Connection, device_model: DeviceModel, *, device_id: int, first: datetime, last: datetime
) -> None:
    """Leave the rest of a stretch for the next transaction."""
    parameters = {"device_id": device_id, "device_model": device_model.name, "first_ts": first, "last_ts": last}
    connection.execute(SQL["put_back"], parameters)


def read(
    connection: Connection, device_model: DeviceModel, wanted: Sequence[Wanted], channels: Sequence[str]
) -> dict[int, list[tuple[datetime, dict[str, float | None]]]]:
    """The wanted readings by device, each with its values of these channels (at least one), by device time."""
    found: dict[int, list[tuple[datetime, dict[str, float | None]]]] = {one.device_id: [] for one in wanted}
    if not wanted:
        return found
    statement = sql.SQL(SQL["read"]).format(
        table=sql.Identifier(device_model.readings_table),
        channels=list_channels(channels, "r.{0}"),
        first=sql.Literal(min(one.after for one in wanted)),
        last=sql.Literal(max(one.until for one in wanted)),
    )
    parameters = {
        "device_ids": [one.device_id for one in wanted],
        "after": [one.after for one in wanted],
        "until": [one.until for one in wanted],
        "most": [one.most for one in wanted],
    }
    for device_id, ts, *values in connection.cursor(binary=True).execute(statement, parameters):
        found[device_id].append((ts, dict(zip(channels, values, strict=True))))
    return found


def keep(connection: Connection, memories: Sequence[tuple[int, StoredMemory, datetime | None]]) -> None:
    """Remember this of these devices; the last of each is when a rule for silence is due, None for never."""
    parameters = [
        {
            "device_id": device_id,
            "judged_until": memory.judged_until,
            "states": Jsonb(memory.states),
            "older_at": memory.older_at,
            "older": Jsonb(memory.older),
            "newer_at": memory.newer_at,
            "newer": Jsonb(memory.newer),
            "told": Jsonb(memory.told),
            "silent_from": silent_from,
        }
        for device_id, memory, silent_from in memories
    ]
    with connection.cursor() as cursor:
        cursor.executemany(SQL["keep"], parameters)


def silent(
    connection: Connection,
    device_model: DeviceModel,
    *,
    listening: Listening,
    unjudged: timedelta,
    after: int,
    limit: int,
) -> list[Silent]:
    """Devices with an id above `after` for which a rule for silence is due by what is stored, locked.

    None of which something later than what was judged, by more than `unjudged`, is stored, and none that is offline or
    could be called so within `unjudged` from now.
    """
    parameters = {
        "device_model": device_model.name,
        "until": listening.until,
        "listening_since": listening.since,
        "missed": INTERVALS,
        "grace": GRACE + unjudged,
        "unjudged": unjudged,
        "after": after,
        "limit": limit,
    }
    rows = connection.execute(SQL["silent"], parameters)
    return [Silent(device_id, zone, online, StoredMemory(*memory)) for device_id, zone, online, *memory in rows]


def backlog(connection: Connection) -> int:
    """How many devices have readings that no rule has seen."""
    row = connection.execute(SQL["backlog"]).fetchone()
    assert row is not None
    return int(row[0])


def zones(connection: Connection, device_model: DeviceModel) -> dict[str, str]:
    """Every device of the model by name, with the time zone of its site, or of its service centre."""
    return dict(connection.execute(SQL["zones"], {"device_model": device_model.name}).fetchall())
