"""The life of an alarm: every real change is written with its feed entry and its audit line in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.messages import alarm_message
from alerts.rules import more_urgent
from domain.alarm import Alarm, AlarmChange, Occurrence
from domain.errors import ConflictError, InvalidInputError
from store import alarms, changes
from store.changes import Change
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


@dataclass(frozen=True, slots=True)
class Ending:
    """Of a device's uncleared alarm of a type, if there is one."""

    device_id: int
    alarm_type: str
    reason: str


def raise_alarm(connection: Connection, occurrence: Occurrence, *, now: datetime, who: str = SYSTEM) -> Raised:
    """Raise an alarm, escalate the uncleared one of that type, or count its repetition.

    A severity only rises while an alarm is uncleared, and an escalated alarm has to be acknowledged again.
    """
    [raised] = raise_alarms(connection, [occurrence], now=now, who=who)
    return raised


def raise_alarms(
    connection: Connection, occurrences: Sequence[Occurrence], *, now: datetime, who: str = SYSTEM
) -> list[Raised]:
    """The same for several devices or types, each once, in two statements: what has happened to each, in this order."""
    met = alarms.occur(connection, occurrences, now=now) if occurrences else []
    raised = [_judge(connection, one, alarm, now) for one, alarm in zip(occurrences, met, strict=True)]
    told = [_change(one.alarm, one.change, who, now) for one in raised if one.change is not AlarmChange.REPEATED]
    changes.tell(connection, told, who=who, at=now)
    return raised


def _judge(connection: Connection, occurrence: Occurrence, alarm: Alarm, now: datetime) -> Raised:
    if alarm.count == occurrence.times:  # it has occurred never before
        return Raised(alarm, AlarmChange.DEFERRED if occurrence.deferred else AlarmChange.RAISED)
    if more_urgent(occurrence.severity, alarm.severity):
        escalated = alarms.escalate(connection, alarm_id=alarm.alarm_id, severity=occurrence.severity, now=now)
        return Raised(escalated, AlarmChange.ESCALATED)
    return Raised(alarm, AlarmChange.REPEATED)


def clear(connection: Connection, *, alarm_id: int, who: str, now: datetime, reason: str = "") -> Alarm:
    """End an active alarm. Raises NotFoundError, or ConflictError when it is cleared already."""
    cleared = alarms.clear(connection, alarm_id=alarm_id, now=now)
    if cleared is None:
        alarm = alarms.get(connection, alarm_id)
        raise ConflictError(f"alarm {alarm_id} was cleared at {alarm.cleared_at}: nothing is left to clear")
    return _tell(connection, cleared, AlarmChange.CLEARED, who=who, now=now, reason=reason)


def clear_type(
    connection: Connection, *, device_id: int, alarm_type: str, who: str, now: datetime, reason: str
) -> Alarm | None:
    """End the device's uncleared alarm of that type; None when there is none."""
    return next(iter(clear_types(connection, [Ending(device_id, alarm_type, reason)], who=who, now=now)), None)


def clear_types(connection: Connection, endings: Sequence[Ending], *, who: str, now: datetime) -> list[Alarm]:
    """The same for several devices or types, each once, in two statements: those that were ended."""
    reasons = {(one.device_id, one.alarm_type): one.reason for one in endings}
    cleared = alarms.clear_types(connection, list(reasons), now=now) if reasons else []
    told = [
        _change(alarm, AlarmChange.CLEARED, who, now, reasons[alarm.device_id, alarm.alarm_type])
        for alarm in cleared
        if alarm.device_id is not None
    ]
    changes.tell(connection, told, who=who, at=now)
    return cleared


def clear_of_model(
    connection: Connection, *, device_model: str, alarm_types: Sequence[str], now: datetime, reason: str
) -> list[Alarm]:
    """End those uncleared alarms about the device model as such that are of these types."""
    cleared = alarms.clear_of_model(connection, device_model=device_model, alarm_types=alarm_types, now=now)
    return _tell_all(connection, cleared, AlarmChange.CLEARED, now=now, reason=reason)


def acknowledge(connection: Connection, *, alarm_id: int, who: str, now: datetime) -> Alarm:
    """Note that someone has seen the alarm, active or cleared; the first one stands. Raises NotFoundError."""
    seen = alarms.acknowledge(connection, alarm_id=alarm_id, who=who, now=now)
    if seen is None:
        return alarms.get(connection, alarm_id)
    return _tell(connection, seen, AlarmChange.ACKNOWLEDGED, who=who, now=now)


def shelve(connection: Connection, *, alarm_id: int, until: datetime, who: str, now: datetime) -> Alarm:
    """Put an active alarm out of sight until an instant after `now`.

    Raises NotFoundError, InvalidInputError, or ConflictError when the alarm is cleared.
    """
    if until <= now:
        raise InvalidInputError(f"cannot shelve alarm {alarm_id} until {until}: it is {now}, choose a later time")
    shelved = alarms.shelve(connection, alarm_id=alarm_id, until=until)
    if shelved is None:
        alarm = alarms.get(connection, alarm_id)
        if not alarm.active:
            raise ConflictError(f"alarm {alarm_id} was cleared at {alarm.cleared_at}: only an active alarm is shelved")
        return alarm
    return _tell(connection, shelved, AlarmChange.SHELVED, who=who, now=now)


def unshelve(connection: Connection, *, alarm_id: int, who: str, now: datetime) -> Alarm:
    """Bring a shelved alarm back into sight before its time; one that is in sight stays. Raises NotFoundError."""
    woken = alarms.unshelve(connection, alarm_id=alarm_id)
    if woken is None:
        return alarms.get(connection, alarm_id)
    return _tell(connection, woken, AlarmChange.WOKEN, who=who, now=now)


def assign(connection: Connection, *, alarm_id: int, assigned_to: str | None, who: str, now: datetime) -> Alarm:
    """Give the alarm to someone, or to nobody (None). Raises NotFoundError."""
    assigned = alarms.assign(connection, alarm_id=alarm_id, assigned_to=assigned_to)
    if assigned is None:
        return alarms.get(connection, alarm_id)
    return _tell(connection, assigned, AlarmChange.ASSIGNED, who=who, now=now, reason=assigned_to or "")


def comment(connection: Connection, *, alarm_id: int, comment: str, who: str, now: datetime) -> Alarm:
    """Write something under the alarm. Raises NotFoundError, or InvalidInputError when it says nothing."""
    if not (text := comment.strip()):
        raise InvalidInputError(f"the comment on alarm {alarm_id} is empty: write something")
    alarm = alarms.comment(connection, alarm_id=alarm_id, who=who, comment=text, now=now)
    return _tell(connection, alarm, AlarmChange.COMMENTED, who=who, now=now, reason=text)


def defer(connection: Connection, *, alarm_id: int, deferred: bool, now: datetime, reason: str) -> Alarm:
    """Put an active alarm among those that can wait, or take it back out of them. Raises NotFoundError."""
    alarm = alarms.defer(connection, alarm_id=alarm_id, deferred=deferred)
    if alarm is None:
        return alarms.get(connection, alarm_id)
    change = AlarmChange.DEFERRED if deferred else AlarmChange.RESUMED
    return _tell(connection, alarm, change, who=SYSTEM, now=now, reason=reason)


def wake(connection: Connection, *, now: datetime) -> int:
    """Bring back into sight what was shelved until now or earlier, at most `AT_ONCE`; how many."""
    woken = alarms.wake(connection, now=now, limit=AT_ONCE)
    return len(_tell_all(connection, woken, AlarmChange.WOKEN, now=now))


def remind(connection: Connection, *, after: timedelta, now: datetime) -> int:
    """Tell again of what nobody has acknowledged for `after`; how many. The next reminder comes after twice as long.

    Warnings, and what is shelved or deferred, wait without a word.
    """
    reminded = alarms.remind(connection, now=now, after=after, most=REMINDERS, limit=AT_ONCE)
    return len(_tell_all(connection, reminded, AlarmChange.REMINDED, now=now))


def clear_retired(connection: Connection, *, device_model: str, alarm_types: Sequence[str], now: datetime) -> int:
    """End the alarms of rules that the device model has no longer; `alarm_types` are those it has. How many."""
    ended = alarms.clear_retired(connection, device_model=device_model, alarm_types=alarm_types, now=now)
    return len(_tell_all(connection, ended, AlarmChange.CLEARED, now=now, reason="the catalog has this rule no longer"))


def _tell(
    connection: Connection, alarm: Alarm, change: AlarmChange, *, who: str, now: datetime, reason: str = ""
) -> Alarm:
    changes.tell(connection, [_change(alarm, change, who, now, reason)], who=who, at=now)
    return alarm


def _tell_all(
    connection: Connection, told: list[Alarm], change: AlarmChange, *, now: datetime, reason: str = ""
) -> list[Alarm]:
    changes.tell(connection, [_change(alarm, change, SYSTEM, now, reason) for alarm in told], who=SYSTEM, at=now)
    return told


def _change(alarm: Alarm, change: AlarmChange, who: str, now: datetime, reason: str = "") -> Change:
    payload = alarm_message(alarm, change, who=who, at=now)
    detail = {"severity": alarm.severity.value, "reason": reason}
    return Change("alarm", alarm.alarm_id, alarm.device_id, payload, change.value, detail)
