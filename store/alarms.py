"""Alarms: at most one uncleared alarm per device, device model or site, and type, kept so by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import dict_row

from domain.alarm import Alarm, AlarmSource, Severity
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("alarms")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What `occur` met: a new alarm or an uncleared one; `severity` is the one that stands in the database."""

    alarm_id: int
    new: bool
    severity: Severity


def occur(
    connection: Connection,
    *,
    device_id: int | None = None,
    device_model: str | None = None,
    site: tuple[str, str] | None = None,
    alarm_type: str,
    severity: Severity,
    source: AlarmSource,
    message: str,
    now: datetime,
    failure_mode: str | None = None,
    prediction_id: int | None = None,
    times: int = 1,
    saving: int | None = None,
    deferred: bool = False,
) -> Occurrence:
    """Raise the alarm, or count `times` more occurrences of the uncleared one and lock it.

    It is about a device, a device model or a site (customer and site), of which exactly one is given.
    """
    customer, site_name = site or (None, None)
    row = connection.execute(
        SQL["raise"],
        {
            "device_id": device_id,
            "device_model": device_model,
            "customer": customer,
            "site": site_name,
            "alarm_type": alarm_type,
            "severity": severity,
            "source": source,
            "message": message,
            "now": now,
            "failure_mode": failure_mode,
            "prediction_id": prediction_id,
            "times": times,
            "saving": saving,
            "deferred": deferred,
        },
    ).fetchone()
    assert row is not None
    return Occurrence(row[0], row[1], Severity(row[2]))


def escalate(connection: Connection, *, alarm_id: int, severity: Severity, now: datetime) -> None:
    """Give an alarm that `occur` has just met a new severity; it has to be acknowledged again."""
    connection.execute(SQL["escalate"], {"alarm_id": alarm_id, "severity": severity, "now": now})


def lock(connection: Connection, alarm_id: int) -> None:
    """Keep an alarm as it is until the transaction ends, if there is one."""
    connection.execute(SQL["lock"], {"alarm_id": alarm_id})


def clear(connection: Connection, *, alarm_id: int, now: datetime) -> bool:
    """End an active alarm. False when it was not active."""
    return _changed(connection, "clear", alarm_id=alarm_id, now=now)


def acknowledge(connection: Connection, *, alarm_id: int, who: str, now: datetime) -> bool:
    """False when it was acknowledged already."""
    return _changed(connection, "acknowledge", alarm_id=alarm_id, who=who, now=now)


def shelve(connection: Connection, *, alarm_id: int, until: datetime) -> bool:
    """False when it is not active or already shelved until then."""
    return _changed(connection, "shelve", alarm_id=alarm_id, until=until)


def unshelve(connection: Connection, *, alarm_id: int) -> bool:
    """False when it is not active or not shelved."""
    return _changed(connection, "unshelve", alarm_id=alarm_id)


def assign(connection: Connection, *, alarm_id: int, assigned_to: str | None) -> bool:
    """False when it is theirs already, or there is no such alarm."""
    return _changed(connection, "assign", alarm_id=alarm_id, assigned_to=assigned_to)


def defer(connection: Connection, *, alarm_id: int, deferred: bool) -> bool:
    """False when it is so already, or not active."""
    return _changed(connection, "defer", alarm_id=alarm_id, deferred=deferred)


def comment(connection: Connection, *, alarm_id: int, who: str, comment: str, now: datetime) -> bool:
    """False when there is no such alarm."""
    return _changed(connection, "comment", alarm_id=alarm_id, who=who, comment=comment, now=now)


def wake(connection: Connection, *, now: datetime, limit: int) -> list[int]:
    """Bring those into sight whose time on the shelf is over; which, in order. What another process holds is its."""
    return _ids(connection, "wake", now=now, limit=limit)


def remind(connection: Connection, *, now: datetime, after: timedelta, most: int, limit: int) -> list[int]:
    """Count a reminder on those that nobody has acknowledged for `after`, then twice that and so on, at most `most`."""
    return _ids(connection, "remind", now=now, after=after, most=most, limit=limit)


def retired(connection: Connection, *, device_model: str, alarm_types: Sequence[str]) -> list[int]:
    """Uncleared alarms of rules of a device model other than of these types."""
    return _ids(connection, "retired", device_model=device_model, alarm_types=list(alarm_types))


def find_active(connection: Connection, *, device_id: int, alarm_type: str) -> int | None:
    """The id of the uncleared alarm of that type, or None."""
    row = connection.execute(SQL["find_active"], {"device_id": device_id, "alarm_type": alarm_type}).fetchone()
    return int(row[0]) if row else None


def active_of_model(connection: Connection, *, device_model: str) -> dict[str, int]:
    """Ids of the uncleared alarms that are about the device model itself, by alarm type."""
    return dict(connection.execute(SQL["active_of_model"], {"device_model": device_model}).fetchall())


def get(connection: Connection, alarm_id: int) -> Alarm:
    """Raises NotFoundError."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(SQL["get"], {"alarm_id": alarm_id}).fetchone()
    if row is None:
        raise NotFoundError(f"alarm {alarm_id} does not exist")
    row["severity"], row["source"] = Severity(row["severity"]), AlarmSource(row["source"])
    return Alarm(**row)


def _ids(connection: Connection, query: str, **values: object) -> list[int]:
    return sorted(alarm_id for (alarm_id,) in connection.execute(SQL[query], values))


def _changed(connection: Connection, query: str, **values: object) -> bool:
    return connection.execute(SQL[query], values).rowcount > 0
