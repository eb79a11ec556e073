"""Devices and sites that are offline, with the alarms that tell of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.database import Connection
from store.sql import load

SQL = load("absences")


@dataclass(frozen=True, slots=True)
class AbsentRow:
    """A device that is offline, or whose own alarm says so. overdue: for longer than its model tolerates."""

    device_id: int
    customer: str
    site: str
    offline: bool
    overdue: bool
    alarm_id: int | None


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site; `known` devices of it have ever been online or offline."""

    customer: str
    site: str
    known: int
    alarm_id: int | None
    members: Sequence[int]


def hold(connection: Connection) -> bool:
    """Be the one who looks until the transaction ends, unless another process is."""
    row = connection.execute(SQL["hold"]).fetchone()
    return row is not None and bool(row[0])


def absent(
    connection: Connection, *, tolerances: Mapping[str, timedelta], alarm_type: str, now: datetime
) -> list[AbsentRow]:
    """By id; `tolerances` by device model, `alarm_type` is that of a device's own alarm."""
    parameters = {
        "now": now,
        "device_models": list(tolerances),
        "tolerances": list(tolerances.values()),
        "alarm_type": alarm_type,
    }
    return [AbsentRow(*row) for row in connection.execute(SQL["absent"], parameters)]


def sites(connection: Connection, names: Collection[tuple[str, str]], *, alarm_type: str) -> list[SiteRow]:
    """The named sites (customer, site) and those with an uncleared alarm of that type."""
    parameters = {
        "customers": [customer for customer, _ in names],
        "sites": [site for _, site in names],
        "alarm_type": alarm_type,
    }
    return [SiteRow(*row) for row in connection.execute(SQL["sites"], parameters)]


def offline_since(connection: Connection, device_ids: Sequence[int]) -> dict[int, datetime]:
    """Since when each is as it is."""
    return dict(connection.execute(SQL["offline_since"], {"device_ids": list(device_ids)}).fetchall())


def set_members(connection: Connection, *, alarm_id: int, device_ids: Collection[int], now: datetime) -> None:
    """Whom a site's alarm stands for from now on."""
    connection.execute(SQL["set_members"], {"alarm_id": alarm_id, "device_ids": sorted(device_ids), "now": now})
