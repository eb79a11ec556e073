"""Device twins: both documents, the history of each, and what a device says is built in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import NotFoundError
from domain.twin import ReportedComponent, Twin, TwinChange, TwinSide
from store.database import Connection
from store.sql import fitted, load

SQL = load("twins")


@dataclass(frozen=True, slots=True)
class LockedTwin:
    """Both documents as they stand, until the transaction ends."""

    desired: Mapping[str, Any]
    desired_version: int
    reported: Mapping[str, Any]
    reported_at: datetime | None
    looked_at_version: int | None
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A desired document that the broker does not hold yet."""

    device_id: int
    device: str
    version: int
    desired: Mapping[str, Any]


def get(connection: Connection, device: str) -> Twin:
    """The twin of a device. Raises NotFoundError."""
    with connection.cursor(row_factory=class_row(Twin)) as cursor:
        twin = cursor.execute(fitted(SQL, "get", "wisher"), {"device": device}).fetchone()
    if twin is None:
        raise NotFoundError(f"device {device!r} is not registered: import it, or check its name")
    return twin


def lock(connection: Connection, device_id: int) -> LockedTwin:
    """A device's twin, begun when there was none."""
    connection.execute(SQL["begin"], {"device_id": device_id})
    row = connection.execute(SQL["lock"], {"device_id": device_id}).fetchone()
    assert row is not None
    return LockedTwin(*row)


def desire(
    connection: Connection,
    *,
    device_id: int,
    desired: Mapping[str, Any],
    changes: Mapping[str, Any],
    at: datetime,
    who: str,
) -> int:
    """The version of the new desired document of a locked twin."""
    values = {"device_id": device_id, "desired": Jsonb(dict(desired)), "at": at, "who": who}
    [(version,)] = connection.execute(SQL["desire"], values)
    _note(connection, device_id, TwinSide.DESIRED, int(version), who, changes, at)
    return int(version)


def report(
    connection: Connection,
    *,
    device_id: int,
    device: str,
    reported: Mapping[str, Any],
    ts: datetime,
    version: int | None,
    refused: Mapping[str, str],
    changes: Mapping[str, Any],
    at: datetime,
) -> None:
    """What a device of a locked twin says of itself; what is desired of it stays as it is."""
    connection.execute(
        SQL["report"],
        {
            "device_id": device_id,
            "reported": Jsonb(dict(reported)),
            "ts": ts,
            "version": version,
            "refused": Jsonb(dict(refused)),
        },
    )
    if changes:
        _note(connection, device_id, TwinSide.REPORTED, version or 0, device, changes, at)


def history(connection: Connection, device: str, *, after: int | None = None, limit: int) -> list[TwinChange]:
    """Changes of both sides, newest first; `after` is the id of the last one of the page before."""
    rows = connection.execute(fitted(SQL, "history", "changer"), {"device": device, "after": after, "limit": limit})
    return [
        TwinChange(
            twin_change_id, at, TwinSide(side), version, who, {name: (old, new) for name, (old, new) in changes.items()}
        )
        for twin_change_id, at, side, version, who, changes in rows
    ]


def undelivered(connection: Connection, *, after: int, limit: int) -> list[Undelivered]:
    """Documents to deliver, of devices with ids above `after`."""
    return [Undelivered(*row) for row in connection.execute(SQL["undelivered"], {"after": after, "limit": limit})]


def note_delivered(connection: Connection, delivered: Sequence[tuple[int, int]]) -> None:
    """The broker holds these versions, by device id."""
    values = {"ids": [one for one, _ in delivered], "versions": [version for _, version in delivered]}
    connection.execute(SQL["note_delivered"], values)


def waiting(connection: Connection) -> int:
    """How many documents the broker does not hold yet."""
    [(count,)] = connection.execute(SQL["waiting"])
    return int(count)


def set_firmware(connection: Connection, *, device_id: int, firmware: str) -> str | None:
    """What the firmware was when it has changed; None otherwise."""
    row = connection.execute(SQL["set_firmware"], {"device_id": device_id, "firmware": firmware}).fetchone()
    return None if row is None else str(row[0])


def components(connection: Connection, device_id: int) -> dict[str, ReportedComponent]:
    """What is built in now, by name."""
    rows = connection.execute(SQL["components"], {"device_id": device_id})
    return {name: ReportedComponent(name, serial, revision) for name, serial, revision in rows}


def add_component(connection: Connection, *, device_id: int, component: ReportedComponent, at: datetime) -> None:
    """Note something built in that nobody knew of."""
    connection.execute(SQL["add_component"], _component(device_id, component) | {"at": at})


def mark_component(connection: Connection, *, device_id: int, component: ReportedComponent) -> None:
    """Note serial number and revision of what is built in."""
    connection.execute(SQL["mark_component"], _component(device_id, component))


def _component(device_id: int, component: ReportedComponent) -> dict[str, Any]:
    return {
        "device_id": device_id,
        "component": component.component,
        "serial": component.serial,
        "revision": component.revision,
    }


def _note(
    connection: Connection,
    device_id: int,
    side: TwinSide,
    version: int,
    who: str,
    changes: Mapping[str, Any],
    at: datetime,
) -> None:
    connection.execute(
        SQL["note_change"],
        {
            "device_id": device_id,
            "at": at,
            "side": side,
            "version": version,
            "who": who,
            "changes": Jsonb({name: list(pair) for name, pair in changes.items()}),
        },
    )
