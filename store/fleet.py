"""How the fleet stands: by site, by device model, and device by device within a site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection
from store.sql import load

SQL = load("fleet")


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """A site: its devices, how many of them are offline, were never heard (`unheard`) or have an alarm in sight
    (`troubled`), and the alarms in sight of its devices and its own."""

    customer: str
    site: str
    devices: int
    offline: int
    unheard: int
    troubled: int
    active_alarms: int
    unacknowledged: int
    worst_severity: str | None


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """The devices of one model by connectivity."""

    device_model: str
    title: str
    devices: int
    offline: int
    online: int


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """A device of a site with the worst of its alarms in sight."""

    name: str
    device_model: str
    serial: str
    connectivity: str
    last_seen_at: datetime | None
    worst_severity: str | None
    active_alarms: int
    unsettled_tickets: int


@dataclass(frozen=True, slots=True)
class AlarmCounts:
    """Uncleared alarms: in sight, of these unseen by anybody, shelved, and deferred."""

    active: int
    unseen: int
    shelved: int
    deferred: int


def sites_by_health(
    connection: Connection,
    *,
    customer: str | None = None,
    device_model: str | None = None,
    page: int = 0,
    limit: int = 60,
) -> list[SiteHealth]:
    """Sites, the worst first; `page` counts from 0. Their order moves with their health, so a page has a number and no
    key."""
    wanted = {"customer": customer, "device_model": device_model, "offset": page * limit, "limit": limit + 1}
    with connection.cursor(row_factory=class_row(SiteHealth)) as cursor:
        return cursor.execute(SQL["sites_by_health"], wanted).fetchall()


def device_models(connection: Connection) -> list[ModelHealth]:
    """Device models that have devices, by title."""
    with connection.cursor(row_factory=class_row(ModelHealth)) as cursor:
        return cursor.execute(SQL["device_models"]).fetchall()


def devices_of_site(
    connection: Connection, *, customer: str, site: str, page: int = 0, limit: int = 200
) -> list[DeviceHealth]:
    """Devices of a site, the worst first; one more than `limit` when there are more."""
    wanted = {"customer": customer, "site": site, "offset": page * limit, "limit": limit + 1}
    with connection.cursor(row_factory=class_row(DeviceHealth)) as cursor:
        return cursor.execute(SQL["devices_of_site"], wanted).fetchall()


def alarm_counts(connection: Connection) -> dict[str, AlarmCounts]:
    """Uncleared alarms by severity; a severity without one is absent."""
    return {severity: AlarmCounts(*counts) for severity, *counts in connection.execute(SQL["alarm_counts"])}
