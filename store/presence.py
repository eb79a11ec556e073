"""Which devices are online: what they told, what was heard of them, and since when ingest has been listening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.device import Connectivity, DeviceStatus
from store.database import Connection
from store.sql import load

SQL = load("presence")
INTERRUPTION = timedelta(minutes=1)
"""A pause between two heartbeats beyond which ingest was away."""
INTERVALS = 3
"""A device may miss this many of its intervals: one lost or late message tells nothing yet."""
GRACE = timedelta(minutes=1)
"""On top of them: for the device to find its way back to a broker that was restarted, and for messages under way. A
broker that is stopped sends the wills of all its devices, so a will has to wait as long."""


class ToldBy(StrEnum):
    """What a change of connectivity was read from."""

    STATUS = "status"
    WILL = "will"
    SILENCE = "silence"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Listening:
    """Every ingest process has listened since `since`, and everything that came before `until` is stored."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Signs:
    """Signs of life of one device. heard_at: when its latest message arrived. heard_every: the moving average of what
    lies between its arrivals. gone_at: when a will came of which nobody knows yet whether it is true."""

    device_id: int
    reading_interval: timedelta
    connectivity: Connectivity
    connectivity_at: datetime | None = None
    connectivity_by: ToldBy | None = None
    heard_at: datetime | None = None
    heard_every: timedelta | None = None
    gone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A device is online or offline since `at`; when it was so before, it still is."""

    device_id: int
    at: datetime
    state: Connectivity
    told_by: ToldBy


def note_statuses(
    connection: Connection, statuses: Sequence[tuple[int, DeviceStatus]], heard_at: datetime | None
) -> None:
    """Take in what devices told, each with its device id, in the order in which it came.

    A last will (an offline without a `ts`, or with that of the online before it) only notes that the device may have
    gone: whether it has is judged when it had time to come back. The later `ts` counts; of an online and an offline
    with the same one, the offline. A status without a `ts` counts when it arrives. heard_at: when they arrived; None
    for a replay, which changes nothing that is newer. The rows of these devices are locked already, by
    `store.devices.note_news`.
    """
    parameters = [
        {
            "device_id": device_id,
            "state": status.state,
            "ts": status.ts,
            "dated": status.dated,
            "heard_at": heard_at,
        }
        for device_id, status in sorted(statuses, key=lambda told: told[0])
    ]
    with connection.cursor() as cursor:
        cursor.executemany(SQL["note_status"], parameters)


def beat(connection: Connection, ingest_id: str, *, stored_until: datetime, session_expiry: timedelta) -> None:
    """An ingest process tells that it listens, and that everything that came before `stored_until` is stored.

    session_expiry: how long the broker keeps messages for it when it goes; until then nothing is judged without it.
    """
    parameters = {
        "ingest_id": ingest_id,
        "stored_until": stored_until,
        "session_expiry": session_expiry,
        "interruption": INTERRUPTION,
    }
    connection.execute(SQL["beat"], parameters)


def listening(connection: Connection) -> Listening | None:
    """Over which time all of ingest listened; None when there is no ingest."""
    row = connection.execute(SQL["listening"]).fetchone()
    return Listening(*row) if row and row[0] is not None else None


def candidates(
    connection: Connection, until: datetime, *, missed: int, grace: timedelta, after: int, limit: int
) -> list[Signs]:
    """Devices whose connectivity may have to change, as far as `until`: the next `limit` with an id above `after`."""
    parameters = {"until": until, "missed": missed, "grace": grace, "after": after, "limit": limit}
    return [
        Signs(device_id, interval, Connectivity(state), at, ToldBy(by) if by else None, *rest)
        for device_id, interval, state, at, by, *rest in connection.execute(SQL["candidates"], parameters)
    ]


def change(connection: Connection, verdicts: Sequence[tuple[Signs, Change]]) -> int:
    """Make these changes, and return how many were made: none of a device that was heard or changed since its signs
    were read."""
    parameters = [
        {
            "device_id": verdict.device_id,
            "state": verdict.state,
            "at": verdict.at,
            "told_by": verdict.told_by,
            "before": signs.connectivity,
            "heard_at": signs.heard_at,
            "gone_at": signs.gone_at,
        }
        for signs, verdict in verdicts
    ]
    with connection.cursor() as cursor:
        cursor.executemany(SQL["change"], parameters)
        return cursor.rowcount
