"""Alarms: at most one uncleared alarm per device, device model or site, and type, kept so by the database.

What changes alarms returns them as they are then; a change that was made already returns nothing. What changes several
locks them by device and type, so that of two at once neither waits for the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from domain.alarm import Alarm, AlarmSource, Occurrence, Severity
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("alarms")
NAMES = [field.name for field in fields(Occurrence)]


def occur(connection: Connection, occurrences: Sequence[Occurrence], *, now: datetime) -> list[Alarm]:
    """Raise the alarm of each, or count it on the uncleared one and lock that; in their order.

    A new alarm has occurred as often as the occurrence says, and keeps its severity when it occurs again. Each is of
    another device or type; one that is about no device comes alone.
    """
    in_turn = sorted(occurrences, key=lambda one: (one.device_id or 0, one.alarm_type))
    documents = [{name: getattr(one, name) for name in NAMES} for one in in_turn]
    changed = _changed(connection, "raise", now=now, occurrences=Jsonb(documents))
    alarms = {(alarm.device_id, alarm.alarm_type): alarm for alarm in changed}
    return [alarms[one.device_id, one.alarm_type] for one in occurrences]


def escalate(connection: Connection, *, alarm_id: int, severity: Severity, now: datetime) -> Alarm:
    """Give an alarm that `occur` has just met a new severity; it has to be acknowledged again."""
    [alarm] = _changed(connection, "escalate", alarm_id=alarm_id, severity=severity, now=now)
    return alarm


def lock(connection: Connection, alarm_id: int) -> None:
    """Keep an alarm as it is until the transaction ends, if there is one."""
    connection.execute(SQL["lock"], {"alarm_id": alarm_id})


def clear(connection: Connection, *, alarm_id: int, now: datetime) -> Alarm | None:
    """End an active alarm."""
    return _changed_one(connection, "clear", alarm_id=alarm_id, now=now)


def clear_types(connection: Connection, types: Sequence[tuple[int, str]], *, now: datetime) -> list[Alarm]:
    """End the uncleared alarms of these devices and types."""
    device_ids, alarm_types = [device_id for device_id, _ in types], [alarm_type for _, alarm_type in types]
    return _changed(connection, "clear_types", device_ids=device_ids, alarm_types=alarm_types, now=now)


def clear_of_model(
    connection: Connection, *, device_model: str, alarm_types: Sequence[str], now: datetime
) -> list[Alarm]:
    """End the uncleared alarms about the device model as such that are of these types."""
    return _changed(connection, "clear_of_model", device_model=device_model, alarm_types=list(alarm_types), now=now)


def clear_retired(
    connection: Connection, *, device_model: str, alarm_types: Sequence[str], now: datetime
) -> list[Alarm]:
    """End the uncleared alarms of rules of a device model other than of these types."""
    return _changed(connection, "clear_retired", device_model=device_model, alarm_types=list(alarm_types), now=now)


def acknowledge(connection: Connection, *, alarm_id: int, who: str, now: datetime) -> Alarm | None:
    """Note that someone has seen it."""
    return _changed_one(connection, "acknowledge", alarm_id=alarm_id, who=who, now=now)


def shelve(connection: Connection, *, alarm_id: int, until: datetime) -> Alarm | None:
    """Put an active alarm out of sight."""
    return _changed_one(connection, "shelve", alarm_id=alarm_id, until=until)


def unshelve(connection: Connection, *, alarm_id: int) -> Alarm | None:
    """Bring an active alarm back into sight."""
    return _changed_one(connection, "unshelve", alarm_id=alarm_id)


def assign(connection: Connection, *, alarm_id: int, assigned_to: str | None) -> Alarm | None:
    """Give it to someone, or to nobody."""
    return _changed_one(connection, "assign", alarm_id=alarm_id, assigned_to=assigned_to)


def defer(connection: Connection, *, alarm_id: int, deferred: bool) -> Alarm | None:
    """Put an active alarm among those that can wait, or take it out of them."""
    return _changed_one(connection, "defer", alarm_id=alarm_id, deferred=deferred)


def comment(connection: Connection, *, alarm_id: int, who: str, comment: str, now: datetime) -> Alarm:
    """Write something under the alarm, and lock it. Raises NotFoundError."""
    connection.execute(SQL["comment"], {"alarm_id": alarm_id, "who": who, "comment": comment, "now": now})
    return get(connection, alarm_id)


def wake(connection: Connection, *, now: datetime, limit: int) -> list[Alarm]:
    """Bring those into sight whose time on the shelf is over. What another process holds is its."""
    return _changed(connection, "wake", now=now, limit=limit)


def remind(connection: Connection, *, now: datetime, after: timedelta, most: int, limit: int) -> list[Alarm]:
    """Count a reminder on those that nobody has acknowledged for `after`, then twice that and so on, at most `most`."""
    return _changed(connection, "remind", now=now, after=after, most=most, limit=limit)


def types_of_model(connection: Connection, *, device_model: str) -> list[str]:
    """The types of the uncleared alarms that are about the device model itself."""
    return [name for (name,) in connection.execute(SQL["types_of_model"], {"device_model": device_model})]


def get(connection: Connection, alarm_id: int) -> Alarm:
    """Raises NotFoundError."""
    alarm = _changed_one(connection, "get", alarm_id=alarm_id)
    if alarm is None:
        raise NotFoundError(f"alarm {alarm_id} does not exist")
    return alarm


def _changed_one(connection: Connection, query: str, **values: object) -> Alarm | None:
    return next(iter(_changed(connection, query, **values)), None)


def _changed(connection: Connection, query: str, **values: object) -> list[Alarm]:
    """The alarms that a query returns, by number."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("WITH changed AS (" + SQL[query] + ") " + SQL["as_alarms"], values)
        return [
            Alarm(**row | {"severity": Severity(row["severity"]), "source": AlarmSource(row["source"])}) for row in rows
        ]
