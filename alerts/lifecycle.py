"""The life of an alarm: every real change is written with its feed entry and its audit line in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.messages import alarm_message
from alerts.rules import more_urgent
from domain.alarm import Alarm, AlarmChange, AlarmSource, Severity
from domain.errors import ConflictError, InvalidInputError
from store import alarms, audit, outbox
from store.database import Connection

SYSTEM = "aftercare"
"""Who acts when nobody does."""
AT_ONCE = 500
"""Alarms that one transaction wakes or reminds of."""
REMINDERS = 6
"""How often an alarm is told again: the last time 63 times as long after it was raised as the first time."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An uncleared alarm and what happened to it; a repetition is counted on the alarm and told to nobody."""

    alarm: Alarm
    change: AlarmChange


def raise_alarm(
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
    who: str = SYSTEM,
    failure_mode: str | None = None,
    prediction_id: int | None = None,
    times: int = 1,
    saving: int | None = None,
    deferred: bool = False,
) -> Raised:
    """Raise an alarm, escalate the uncleared one of that type, or count its repetition.

    It is about a device, a device model as such, or a site (customer and site): exactly one of them is given. A
    severity only rises while an alarm is uncleared, and an escalated alarm has to be acknowledged again. times: how
    often it has occurred. saving: what a visit saves, in minor units. deferred: a new one is told as deferred instead
    of raised, because no visit is left for it.
    """
    met = alarms.occur(
        connection,
        device_id=device_id,
        device_model=device_model,
        site=site,
        alarm_type=alarm_type,
        severity=severity,
        source=source,
        message=message,
        now=now,
        failure_mode=failure_mode,
        prediction_id=prediction_id,
        times=times,
        saving=saving,
        deferred=deferred,
    )
    if met.new:
        change = AlarmChange.DEFERRED if deferred else AlarmChange.RAISED
    elif more_urgent(severity, met.severity):
        alarms.escalate(connection, alarm_id=met.alarm_id, severity=severity, now=now)
        change = AlarmChange.ESCALATED
    else:
        return Raised(alarms.get(connection, met.alarm_id), AlarmChange.REPEATED)
    return Raised(_tell(connection, met.alarm_id, change, who=who, now=now), change)


def clear(connection: Connection, *, alarm_id: int, who: str, now: datetime, reason: str = "") -> Alarm:
    """End an active alarm. Raises NotFoundError, or ConflictError when it is cleared already."""
    if not alarms.clear(connection, alarm_id=alarm_id, now=now):
        alarm = alarms.get(connection, alarm_id)
        raise ConflictError(f"alarm {alarm_id} was cleared at {alarm.cleared_at}: nothing is left to clear")
    return _tell(connection, alarm_id, AlarmChange.CLEARED, who=who, now=now, reason=reason)


def clear_type(
    connection: Connection, *, device_id: int, alarm_type: str, who: str, now: datetime, reason: str
) -> Alarm | None:
    """End the device's uncleared alarm of that type; None when there is none."""
    alarm_id = alarms.find_active(connection, device_id=device_id, alarm_type=alarm_type)
    if alarm_id is None or not alarms.clear(connection, alarm_id=alarm_id, now=now):
        return None
    return _tell(connection, alarm_id, AlarmChange.CLEARED, who=who, now=now, reason=reason)


def clear_of_model(
    connection: Connection, *, device_model: str, alarm_types: Sequence[str], now: datetime, reason: str
) -> list[Alarm]:
    """End those uncleared alarms about the device model as such that are of these types."""
    active = alarms.active_of_model(connection, device_model=device_model)
    return [
        _tell(connection, active[name], AlarmChange.CLEARED, who=SYSTEM, now=now, reason=reason)
        for name in alarm_types
        if name in active and alarms.clear(connection, alarm_id=active[name], now=now)
    ]


def acknowledge(connection: Connection, *, alarm_id: int, who: str, now: datetime) -> Alarm:
    """Note that someone has seen the alarm, active or cleared; the first one stands. Raises NotFoundError."""
    if not alarms.acknowledge(connection, alarm_id=alarm_id, who=who, now=now):
        return alarms.get(connection, alarm_id)
    return _tell(connection, alarm_id, AlarmChange.ACKNOWLEDGED, who=who, now=now)


def shelve(connection: Connection, *, alarm_id: int, until: datetime, who: str, now: datetime) -> Alarm:
    """Put an active alarm out of sight until an instant after `now`.

    Raises NotFoundError, InvalidInputError, or ConflictError when the alarm is cleared.
    """
    if until <= now:
        raise InvalidInputError(f"cannot shelve alarm {alarm_id} until {until}: it is {now}, choose a later time")
    if not alarms.shelve(connection, alarm_id=alarm_id, until=until):
        alarm = alarms.get(connection, alarm_id)
        if not alarm.active:
            raise ConflictError(f"alarm {alarm_id} was cleared at {alarm.cleared_at}: only an active alarm is shelved")
        return alarm
    return _tell(connection, alarm_id, AlarmChange.SHELVED, who=who, now=now)


def unshelve(connection: Connection, *, alarm_id: int, who: str, now: datetime) -> Alarm:
    """Bring a shelved alarm back into sight before its time; one that is in sight stays. Raises NotFoundError."""
    if not alarms.unshelve(connection, alarm_id=alarm_id):
        return alarms.get(connection, alarm_id)
    return _tell(connection, alarm_id, AlarmChange.WOKEN, who=who, now=now)


def assign(connection: Connection, *, alarm_id: int, assigned_to: str | None, who: str, now: datetime) -> Alarm:
    """Give the alarm to someone, or to nobody (None). Raises NotFoundError."""
    if not alarms.assign(connection, alarm_id=alarm_id, assigned_to=assigned_to):
        return alarms.get(connection, alarm_id)
    return _tell(connection, alarm_id, AlarmChange.ASSIGNED, who=who, now=now, reason=assigned_to or "")


def comment(connection: Connection, *, alarm_id: int, comment: str, who: str, now: datetime) -> Alarm:
    """Write something under the alarm. Raises NotFoundError, or InvalidInputError when it says nothing."""
    if not (text := comment.strip()):
        raise InvalidInputError(f"the comment on alarm {alarm_id} is empty: write something")
    if not alarms.comment(connection, alarm_id=alarm_id, who=who, comment=text, now=now):
        return alarms.get(connection, alarm_id)
    return _tell(connection, alarm_id, AlarmChange.COMMENTED, who=who, now=now, reason=text)


def defer(connection: Connection, *, alarm_id: int, deferred: bool, now: datetime, reason: str) -> Alarm:
    """Put an active alarm among those that can wait, or take it back out of them. Raises NotFoundError."""
    if not alarms.defer(connection, alarm_id=alarm_id, deferred=deferred):
        return alarms.get(connection, alarm_id)
    change = AlarmChange.DEFERRED if deferred else AlarmChange.RESUMED
    return _tell(connection, alarm_id, change, who=SYSTEM, now=now, reason=reason)


def wake(connection: Connection, *, now: datetime) -> int:
    """Bring back into sight what was shelved until now or earlier, at most `AT_ONCE`; how many."""
    woken = alarms.wake(connection, now=now, limit=AT_ONCE)
    for alarm_id in woken:
        _tell(connection, alarm_id, AlarmChange.WOKEN, who=SYSTEM, now=now)
    return len(woken)


def remind(connection: Connection, *, after: timedelta, now: datetime) -> int:
    """Tell again of what nobody has acknowledged for `after`; how many. The next reminder comes after twice as long.

    Warnings, and what is shelved or deferred, wait without a word.
    """
    reminded = alarms.remind(connection, now=now, after=after, most=REMINDERS, limit=AT_ONCE)
    for alarm_id in reminded:
        _tell(connection, alarm_id, AlarmChange.REMINDED, who=SYSTEM, now=now)
    return len(reminded)


def clear_retired(connection: Connection, *, device_model: str, alarm_types: Sequence[str], now: datetime) -> int:
    """End the alarms of rules that the device model has no longer; `alarm_types` are those it has. How many."""
    ended = alarms.retired(connection, device_model=device_model, alarm_types=alarm_types)
    reason = "the catalog has this rule no longer"
    return sum(
        _tell(connection, alarm_id, AlarmChange.CLEARED, who=SYSTEM, now=now, reason=reason) is not None
        for alarm_id in ended
        if alarms.clear(connection, alarm_id=alarm_id, now=now)
    )


def _tell(
    connection: Connection,
    alarm_id: int,
    change: AlarmChange,
    *,
    who: str,
    now: datetime,
    reason: str = "",
) -> Alarm:
    alarm = alarms.get(connection, alarm_id)
    payload = alarm_message(alarm, change, who=who, at=now)
    outbox.append(connection, kind="alarm", subject_id=alarm_id, device_id=alarm.device_id, payload=payload, at=now)
    detail = {"severity": alarm.severity.value, "reason": reason}
    audit.record(
        connection, at=now, who=who, action=change.value, object_kind="alarm", object_id=alarm_id, detail=detail
    )
    return alarm
