"""Device events: errors, maintenance, failures, changes of configuration, logs."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from domain.device import DeviceEvent, EventKind
from store.database import Connection
from store.devices import renew_component
from store.sql import load

SQL = load("events")


def insert(connection: Connection, events: Sequence[tuple[int, DeviceEvent]]) -> int:
    """Store events, each with its device id, and return how many are new; a known one changes nothing.

    A new maintenance event that names a component also renews that component of the device.
    """
    if not events:
        return 0
    ordered = sorted(events, key=lambda row: (row[0], row[1].ts, row[1].kind, row[1].code, row[1].component))
    new = [row for row, is_new in zip(ordered, _insert_each(connection, ordered), strict=True) if is_new]
    for device_id, event in new:
        if event.kind is EventKind.MAINTENANCE and event.component:
            renew_component(connection, device_id=device_id, component=event.component, at=event.ts)
    return len(new)


def _insert_each(connection: Connection, events: Sequence[tuple[int, DeviceEvent]]) -> list[bool]:
    parameters = [
        {
            "device_id": device_id,
            "ts": event.ts,
            "kind": event.kind,
            "code": event.code,
            "component": event.component,
            "detail": Jsonb(dict(event.detail)),
        }
        for device_id, event in events
    ]
    with connection.cursor() as cursor:
        cursor.executemany(SQL["insert"], parameters, returning=True)
        return [result.rowcount == 1 for result in cursor.results()]
