"""Alarms for devices that stay offline, one for the whole site when all of it is; cleared when they are back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import structlog

from alerts.grouping import Absent, Grouping, Site, group
from alerts.lifecycle import SYSTEM, Ending, clear, clear_types, raise_alarm, raise_alarms
from domain.alarm import AlarmSource, Occurrence, Severity
from domain.device_model import DeviceModel
from store import absences
from store.database import Connection, Database
from store.retry import in_transaction

log = structlog.get_logger()
DEVICE_OFFLINE, SITE_OFFLINE = "offline", "site_offline"


def judge_absences(database: Database, device_models: Iterable[DeviceModel], now: datetime) -> int:
    """Bring these alarms in line with who is offline; how many were raised or cleared."""
    tolerances = {model.name: model.offline_tolerance for model in device_models}

    def work(connection: Connection) -> int:
        if not absences.hold(connection):
            return 0
        rows = absences.absent(connection, tolerances=tolerances, alarm_type=DEVICE_OFFLINE, now=now)
        absent = [
            Absent(
                row.device_id, (row.customer, row.site) if row.site else None, row.offline, row.overdue, row.alarm_id
            )
            for row in rows
        ]
        names = {device.site for device in absent if device.site is not None}
        sites = [
            Site((row.customer, row.site), row.known, row.alarm_id, frozenset(row.members))
            for row in absences.sites(connection, sorted(names), alarm_type=SITE_OFFLINE)
        ]
        return _apply(connection, group(absent, sites), now)

    return in_transaction(database, work)


def _apply(connection: Connection, grouping: Grouping, now: datetime) -> int:
    for site, members in grouping.quiet:
        _raise_site(connection, site, members, now)
    for site, members in grouping.members:
        assert site.alarm_id is not None
        absences.set_members(connection, alarm_id=site.alarm_id, device_ids=members, now=now)
    for site in grouping.back:
        assert site.alarm_id is not None
        clear(connection, alarm_id=site.alarm_id, who=SYSTEM, now=now, reason="most of its devices are back")
        absences.set_members(connection, alarm_id=site.alarm_id, device_ids=(), now=now)
        log.info("site alarm", customer=site.name[0], site=site.name[1], alarm_id=site.alarm_id, change="cleared")
    since = absences.offline_since(connection, grouping.raise_devices)
    raise_alarms(connection, [_offline(device_id, since[device_id]) for device_id in grouping.raise_devices], now=now)
    _clear_devices(connection, grouping.clear_devices, now, "it is back")
    _clear_devices(connection, grouping.absorbed, now, "its whole site is offline: the site's alarm stands for it")
    own = len(grouping.raise_devices) + len(grouping.clear_devices) + len(grouping.absorbed)
    return own + len(grouping.quiet) + len(grouping.back)


def _raise_site(connection: Connection, site: Site, members: Collection[int], now: datetime) -> None:
    raised = raise_alarm(
        connection,
        Occurrence(
            site=site.name,
            alarm_type=SITE_OFFLINE,
            severity=Severity.MAJOR,
            source=AlarmSource.CONNECTIVITY,
            message=f"Site offline: {len(members)} of {site.known} devices",
        ),
        now=now,
    )
    absences.set_members(connection, alarm_id=raised.alarm.alarm_id, device_ids=members, now=now)
    log.info(
        "site alarm",
        customer=site.name[0],
        site=site.name[1],
        alarm_id=raised.alarm.alarm_id,
        change=raised.change,
        members=len(members),
    )


def _offline(device_id: int, since: datetime) -> Occurrence:
    return Occurrence(
        device_id=device_id,
        alarm_type=DEVICE_OFFLINE,
        severity=Severity.MINOR,
        source=AlarmSource.CONNECTIVITY,
        message=f"Offline: since {since:%Y-%m-%d %H:%M} UTC",
    )


def _clear_devices(connection: Connection, device_ids: Iterable[int], now: datetime, reason: str) -> None:
    endings = [Ending(device_id, DEVICE_OFFLINE, reason) for device_id in device_ids]
    clear_types(connection, endings, who=SYSTEM, now=now)
