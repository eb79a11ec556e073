"""Alarms: at most one uncleared alarm per device, or device model, and type, kept so by the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import dict_row

from domain.alarm import Alarm, AlarmSource, Severity
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("alarms")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What `occur` met: `count` 1 is a new alarm; `severity` is the one that stands in the database."""

    alarm_id: int
    count: int
    severity: Severity


def occur(
    connection: Connection,
    *,
    device_id: int | None = None,
    device_model: str | None = None,
    alarm_type: str,
    severity: Severity,
    source: AlarmSource,
    message: str,
    now: datetime,
    failure_mode: str | None = None,
    prediction_id: int | None = None,
) -> Occurrence:
    """Raise the alarm, or count one more occurrence of the uncleared one and lock it.

    It is about a device or about a device model, of which exactly one is given.
    """
    row = connection.execute(
        SQL["raise"],
        {
            "device_id": device_id,
            "device_model": device_model,
            "alarm_type": alarm_type,
            "severity": severity,
            "source": source,
            "message": message,
            "now": now,
            "failure_mode": failure_mode,
            "prediction_id": prediction_id,
        },
    ).fetchone()
    assert row is not None
    return Occurrence(row[0], row[1], Severity(row[2]))


def escalate(connection: Connection, *, alarm_id: int, severity: Severity) -> None:
    """Give an alarm that `occur` has just met a new severity; it has to be acknowledged again."""
    connection.execute(SQL["escalate"], {"alarm_id": alarm_id, "severity": severity})


def clear(connection: Connection, *, alarm_id: int, now: datetime) -> bool:
    """End an active alarm. False when it was not active."""
    return _changed(connection, "clear", alarm_id=alarm_id, now=now)


def acknowledge(connection: Connection, *, alarm_id: int, who: str, now: datetime) -> bool:
    """False when it was acknowledged already."""
    return _changed(connection, "acknowledge", alarm_id=alarm_id, who=who, now=now)


def shelve(connection: Connection, *, alarm_id: int, until: datetime) -> bool:
    """False when it is not active or already shelved until then."""
    return _changed(connection, "shelve", alarm_id=alarm_id, until=until)


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


def _changed(connection: Connection, query: str, **values: object) -> bool:
    return connection.execute(SQL[query], values).rowcount > 0
