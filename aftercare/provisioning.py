"""Registers devices, and gives them what they show to the broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aftercare.broker_passwords import generate_password, hash_password
from aftercare.wiring import Catalog
from domain.device import Device
from domain.errors import ConflictError, InvalidInputError
from store import audit, credentials, devices
from store.database import Connection

PLATFORM_USER = "aftercare"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What became of many devices. `passwords` by name, for those of `added` that were to get one."""

    added: Sequence[str]
    known: Sequence[str]
    of_another_model: Mapping[str, str]
    passwords: Mapping[str, str]


def is_platform_user(name: str) -> bool:
    """Whether the broker's user of that name is the platform itself: `aftercare`, or `aftercare-` and more."""
    return name == PLATFORM_USER or name.startswith(f"{PLATFORM_USER}-")


def check(device: Device, catalog: Catalog) -> None:
    """Raises InvalidInputError when no device may be registered so."""
    if is_platform_user(device.name):
        raise InvalidInputError(f"{device.name!r} is a name of the platform at the broker: choose another")
    if device.device_model not in catalog:
        raise InvalidInputError(f"the catalog has no device model {device.device_model!r}; it has {', '.join(catalog)}")


def register(connection: Connection, catalog: Catalog, device: Device, *, who: str, now: datetime) -> None:
    """Register a new device. Raises InvalidInputError or ConflictError."""
    check(device, catalog)
    if devices.find(connection, [device.name]):
        raise ConflictError(f"device {device.name!r} is registered already")
    _save(connection, catalog, [device])
    note(connection, "register", device.name, who=who, now=now)


def enrol(
    connection: Connection,
    catalog: Catalog,
    wanted: Sequence[Device],
    *,
    who: str,
    now: datetime,
    with_passwords: bool = False,
) -> Enrolment:
    """Register devices, or bring what is known of them up to date; one of another model stays as it is."""
    known = devices.find(connection, [device.name for device in wanted])
    foreign = {
        device.name: known[device.name].device_model
        for device in wanted
        if device.name in known and known[device.name].device_model != device.device_model
    }
    mine = [device for device in wanted if device.name not in foreign]
    _save(connection, catalog, mine)
    added = [device.name for device in mine if device.name not in known]
    passwords = {name: generate_password() for name in added} if with_passwords else {}
    for name in added:
        note(connection, "register", name, who=who, now=now)
    for name, password in passwords.items():
        issue(connection, name, password, who=who, now=now)
    return Enrolment(added, [device.name for device in mine if device.name in known], foreign, passwords)


def issue(connection: Connection, name: str, password: str, *, who: str, now: datetime, rotate: bool = False) -> None:
    """Make `password` the device's at the broker, once it has read its password file again.

    Raises NotFoundError, or ConflictError when the device has a password and `rotate` is off.
    """
    credentials.issue(connection, name, hash_password(password), at=now, rotate=rotate)
    note(connection, "issue credentials", name, who=who, now=now)


def note(connection: Connection, action: str, name: str, *, who: str, now: datetime) -> None:
    """Write an action on a device into the audit log."""
    audit.record(connection, at=now, who=who, action=action, object_kind="device", object_id=name)


def _save(connection: Connection, catalog: Catalog, wanted: Sequence[Device]) -> None:
    devices.save(connection, wanted)
    for model in sorted({device.device_model for device in wanted}):
        names = [device.name for device in wanted if device.device_model == model]
        devices.install_components(connection, names, [component.name for component in catalog[model].components])
