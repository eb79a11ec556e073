"""Runs what was newly written past the rules, and raises and clears their alarms in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from alerts.device_memory import next_silence, restore, store_form
from alerts.lifecycle import SYSTEM, Ending, clear_retired, clear_types, raise_alarms
from alerts.rule_runs import Checkpoint, Episode, Finding, Memory, Readings, begin, run
from alerts.rule_state import INITIAL
from alerts.rule_steps import fall_silent
from alerts.rule_words import rule_message
from domain.alarm import Alarm, AlarmChange, AlarmSource, Occurrence
from domain.alarm_rule import Silence
from domain.business_hours import find_zone
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError
from store import rule_memories
from store.database import Connection, Database
from store.presence import Listening
from store.retry import in_transaction
from store.rule_memories import StoredMemory, Unjudged, Wanted

log = structlog.get_logger()
DEVICES_AT_ONCE = 25
READINGS_AT_ONCE = 2_000
"""Of one device: these bound how long a transaction is, and with it how long upkeep may wait for it."""
ALL = 2**31 - 1
HISTORY = timedelta(days=7)
"""Readings that are older are history: rules are tried on them by `aftercare backtest alarms`, and raise nothing."""
LEAST_LATENESS = timedelta(hours=1)
UNJUDGED = timedelta(minutes=1)
"""A device with a reading later than what was judged by more than this is not silent: its reading is on the way."""
UTC_ZONE = ZoneInfo("UTC")
Told = tuple[int, Finding]
"""What was found of which device."""


@dataclass(frozen=True, slots=True)
class Judged:
    """devices: whose readings were run past the rules. told: changes of alarms. late: devices of which something came
    too late to be judged. history: stretches that were too old."""

    devices: int = 0
    told: int = 0
    late: int = 0
    history: int = 0


def lateness(device_model: DeviceModel) -> timedelta:
    """By how much a reading may be late at least and still be judged as if it had come in time."""
    look_backs = [rule.look_back for rule in device_model.alarm_rules]
    return max([LEAST_LATENESS, 10 * device_model.reading_interval, *look_backs])


def judge_written(database: Database, device_model: DeviceModel, now: datetime) -> Judged:
    """Judge the newly written readings of some devices of one model; `devices` 0 when none waits."""
    return in_transaction(database, partial(_judge_written, device_model=device_model, now=now))


def judge_silence(database: Database, device_model: DeviceModel, listening: Listening, now: datetime) -> int:
    """Raise what is due because nothing came while ingest listened; how many alarms."""
    if not any(isinstance(rule.condition, Silence) for rule in device_model.alarm_rules):
        return 0
    told, after = 0, 0
    while True:
        work = partial(_judge_silence, device_model=device_model, listening=listening, after=after, now=now)
        found, after, count = in_transaction(database, work)
        told += found
        if count < DEVICES_AT_ONCE:
            return told


def retire_rules(database: Database, device_model: DeviceModel, now: datetime) -> int:
    """Clear the alarms of rules that the catalog has no longer; how many."""
    types = [rule.alarm_type for rule in device_model.alarm_rules]
    return in_transaction(
        database,
        lambda connection: clear_retired(connection, device_model=device_model.name, alarm_types=types, now=now),
    )


def _judge_written(connection: Connection, device_model: DeviceModel, now: datetime) -> Judged:
    history = rule_memories.drop_history(connection, device_model, since=now - HISTORY, limit=40 * DEVICES_AT_ONCE)
    plans = [_plan(unjudged, now) for unjudged in rule_memories.take(connection, device_model, limit=DEVICES_AT_ONCE)]
    channels = sorted({rule.channel for rule in device_model.alarm_rules if rule.channel})
    columns = channels or [device_model.channels[0].name]
    readings = rule_memories.read(connection, device_model, [plan.wanted for plan in plans], columns)
    kept, told = [], list[Told]()
    for plan in plans:
        found: Readings = readings[plan.wanted.device_id]
        if len(found) == plan.wanted.most:
            rest = found[-1][0] + timedelta(microseconds=1)
            rule_memories.put_back(
                connection, device_model, device_id=plan.wanted.device_id, first=rest, last=plan.unjudged.last
            )
        memory, findings = run(
            device_model.alarm_rules, plan.memory, plan.base, found, plan.zone, lateness(device_model)
        )
        told += [(plan.wanted.device_id, finding) for finding in findings]
        kept.append((plan.wanted.device_id, store_form(memory), next_silence(device_model.alarm_rules, memory)))
    _tell(connection, device_model, told, now)
    rule_memories.keep(connection, kept)
    return Judged(len(plans), len(told), sum(plan.late for plan in plans), history)


@dataclass(frozen=True, slots=True)
class _Plan:
    """From where to judge a device, and what has to be read for it. late: part of it comes too late."""

    unjudged: Unjudged
    memory: Memory
    base: Checkpoint
    wanted: Wanted
    zone: ZoneInfo
    late: bool


def _plan(unjudged: Unjudged, now: datetime) -> _Plan:
    first = max(unjudged.first, now - HISTORY)
    memory = restore(unjudged.memory) if unjudged.memory else begin(first)
    base = memory.base(first)
    in_order = base is memory.now
    wanted = Wanted(
        unjudged.device_id,
        after=base.at,
        until=unjudged.last if in_order else max(unjudged.last, memory.now.at),
        most=READINGS_AT_ONCE if in_order else ALL,
    )
    return _Plan(unjudged, memory, base, wanted, _zone(unjudged.time_zone), late=first <= memory.older.at)


def _judge_silence(
    connection: Connection, device_model: DeviceModel, listening: Listening, after: int, now: datetime
) -> tuple[int, int, int]:
    due = rule_memories.silent(
        connection, device_model, listening=listening, unjudged=UNJUDGED, after=after, limit=DEVICES_AT_ONCE
    )
    told, kept = list[Told](), []
    for one in due:
        device_id = one.device_id
        heard = replace(listening, since=max(listening.since, one.online_since or listening.since))
        memory, findings = _fall_silent(device_model, one.memory, heard, _zone(one.time_zone))
        told += [(device_id, finding) for finding in findings]
        kept.append((device_id, store_form(memory), next_silence(device_model.alarm_rules, memory)))
    _tell(connection, device_model, told, now)
    rule_memories.keep(connection, kept)
    return len(told), due[-1].device_id if due else after, len(due)


def _fall_silent(
    device_model: DeviceModel, stored: StoredMemory, listening: Listening, zone: ZoneInfo
) -> tuple[Memory, list[Finding]]:
    memory = restore(stored)
    states, told, findings = dict(memory.now.states), dict(memory.told), []
    for rule in device_model.alarm_rules:
        before = states.get(rule.name, INITIAL)
        if not isinstance(rule.condition, Silence) or listening.until < listening.since + rule.condition.after:
            continue
        state = fall_silent(rule, before, listening.until, zone)
        if state.active and not before.active and state.raised_at is not None:
            episode = Episode(state.raised_at)
            states[rule.name], told[rule.name] = state, (*told.get(rule.name, ()), episode)
            findings.append(Finding(rule, 1, active=True, latest=episode))
    return replace(memory, now=Checkpoint(memory.now.at, states), told=told), findings


def _tell(connection: Connection, device_model: DeviceModel, told: Sequence[Told], now: datetime) -> None:
    """First what has begun, then what has ended: an alarm that did both is told of in this order."""
    begun = [_occurrence(device_model, device_id, finding) for device_id, finding in told if finding.new]
    for raised in raise_alarms(connection, begun, now=now):
        _log(raised.alarm, raised.change)
    ended = [_ending(device_id, finding) for device_id, finding in told if not finding.active]
    for alarm in clear_types(connection, ended, who=SYSTEM, now=now):
        _log(alarm, AlarmChange.CLEARED)


def _occurrence(device_model: DeviceModel, device_id: int, finding: Finding) -> Occurrence:
    return Occurrence(
        device_id=device_id,
        alarm_type=finding.rule.alarm_type,
        severity=finding.rule.severity,
        source=AlarmSource.RULE,
        message=rule_message(finding.rule, device_model, finding.latest),
        times=finding.new,
    )


def _ending(device_id: int, finding: Finding) -> Ending:
    ended_at = finding.latest.cleared_at
    ended = f"at {ended_at:%Y-%m-%d %H:%M} UTC" if ended_at else "by readings that came late"
    return Ending(device_id, finding.rule.alarm_type, f"the condition ended {ended}")


def _log(alarm: Alarm, change: AlarmChange) -> None:
    log.info("rule alarm", alarm_type=alarm.alarm_type, alarm_id=alarm.alarm_id, device=alarm.device, change=change)


def _zone(name: str) -> ZoneInfo:
    try:
        return find_zone(name)
    except InvalidInputError:
        log.warning("time zone not known: rules go by UTC", time_zone=name)
        return UTC_ZONE
