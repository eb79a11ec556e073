"""Devices and what is built into them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from domain.device import Connectivity, Device
from domain.errors import NotFoundError
from store.database import Connection
from store.quarantine import release
from store.removed_devices import keep_devices
from store.sql import load

SQL = load("devices")
HEARD_AGAIN = timedelta(seconds=10)
"""A device that sends late readings is heard, but its row is not written more often than this for that alone."""


@dataclass(frozen=True, slots=True)
class DeviceRef:
    """What it takes to store something of a device."""

    device_id: int
    device_model: str


@dataclass(frozen=True, slots=True)
class RegisteredDevice:
    """A device as the database knows it."""

    device_id: int
    device: Device
    last_seen_at: datetime | None
    connectivity: Connectivity


@dataclass(frozen=True, slots=True)
class News:
    """Latest `ts` of what one device sent, in microseconds since 1970 (UTC), and whether a status was there."""

    seen: int
    told: bool = False


def find(connection: Connection, names: Collection[str]) -> dict[str, DeviceRef]:
    """The named devices that exist; they stay until the transaction ends."""
    keep_devices(connection)
    rows = connection.execute(SQL["find"], {"names": list(names)})
    return {name: DeviceRef(device_id, device_model) for name, device_id, device_model in rows}


def find_all(connection: Connection, limit: int) -> dict[str, DeviceRef]:
    """Devices by name, at most so many; they stay until the transaction ends."""
    keep_devices(connection)
    rows = connection.execute(SQL["find_all"], {"limit": limit})
    return {name: DeviceRef(device_id, device_model) for name, device_id, device_model in rows}


def get(connection: Connection, name: str) -> RegisteredDevice:
    """One device by name. Raises NotFoundError."""
    row = connection.execute(SQL["get"], {"name": name}).fetchone()
    if row is None:
        raise NotFoundError(f"device {name!r} is not registered: import it, or check its name")
    return _registered(row)


def stream(connection: Connection, *, device_model: str | None = None) -> Iterator[RegisteredDevice]:
    """Every device by name, or those of one model, however many there are."""
    with connection.cursor("devices") as cursor:
        for row in cursor.execute(SQL["list"], {"device_model": device_model}):
            yield _registered(row)


def save(connection: Connection, devices: Sequence[Device]) -> None:
    """Register devices or update what is known of them, creating the service centres that they name.

    The device model of a known device is left as it is.
    """
    centres = [device.service_centre for device in devices]
    connection.execute(SQL["add_service_centres"], {"centres": centres})
    parameters = [
        {
            "name": device.name,
            "device_model": device.device_model,
            "serial": device.serial,
            "customer": device.customer,
            "site": device.site,
            "service_centre": device.service_centre,
            "installed_at": device.installed_at,
            "firmware": device.firmware,
            "attributes": Jsonb(dict(device.attributes)),
        }
        for device in sorted(devices, key=lambda device: device.name)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(SQL["save"], parameters)
    release(connection, [device.name for device in devices])


def install_components(connection: Connection, names: Collection[str], components: Sequence[str]) -> None:
    """Note that the named devices were installed with these components; what is known already stays."""
    connection.execute(SQL["install_components"], {"names": list(names), "components": list(components)})


def note_news(connection: Connection, news: Mapping[int, News], heard_at: datetime | None = None) -> None:
    """Move `last_seen_at` of these devices (by id) on, and `heard_at` to when the news arrived; None: long ago.

    Older news changes nothing. The rows of devices that told a status stay locked until the transaction ends.
    """
    if not news:
        return
    ids = sorted(news)
    connection.execute(
        SQL["note_seen"],
        {
            "ids": ids,
            "seen": [news[key].seen for key in ids],
            "told": [news[key].told for key in ids],
            "heard_at": heard_at,
            "heard_again": HEARD_AGAIN,
        },
    )


def renew_component(connection: Connection, *, device_id: int, component: str, at: datetime) -> None:
    """Note that a component was exchanged at that instant; exchanges may be told in any order."""
    exchange = {"device_id": device_id, "component": component, "at": at}
    connection.execute(SQL["lock_component"], exchange)
    connection.execute(SQL["remove_component"], exchange)
    connection.execute(SQL["add_component"], exchange)


def _registered(row: Sequence[Any]) -> RegisteredDevice:
    device_id, *fields, last_seen_at, connectivity = row
    return RegisteredDevice(device_id, Device(*fields), last_seen_at, Connectivity(connectivity))
