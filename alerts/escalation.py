"""Calls somebody else when nobody acknowledges an alarm: follows the feed, and the time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from alerts.lifecycle import SYSTEM
from alerts.messages import alarm_message
from domain.alarm import AlarmChange
from domain.delivery import EscalationPolicy, EscalationStep, Person
from domain.errors import InvalidInputError
from store import alarms, audit, changes, deliveries, escalations, outbox, people
from store.changes import Change
from store.database import Connection, Database
from store.deliveries import FeedChange
from store.escalations import Escalation

log = structlog.get_logger()
POSITION = "escalation"
PAGE = 500
CALLED_AT_ONCE = 100
LONGEST_WAIT = timedelta(days=365)
BEGINS_WITH = (AlarmChange.RAISED, AlarmChange.ESCALATED, AlarmChange.RESUMED)


def escalate(database: Database, now: datetime) -> int:
    """Watch what was raised since the last time, and take the steps that are due; how many alarms it looked at.

    Several processes may call it: the feed is followed by one at a time, and each step is taken once.
    """
    with database.transaction() as connection:
        followed = _follow(connection, now)
    with database.transaction() as connection:
        due = escalations.due(connection, now=now, limit=CALLED_AT_ONCE)
        if due:
            policies = {policy.name: policy for policy in escalations.policies(connection)}
            persons = people.list_people(connection)
            for escalation in due:
                _step(connection, escalation, policies[escalation.policy], persons, now)
    return followed + len(due)


def put_policy(connection: Connection, policy: EscalationPolicy, *, who: str, now: datetime) -> None:
    """Add or change a policy. Raises InvalidInputError when its steps are none, do not grow, wait too long, or call
    nobody known."""
    persons = people.list_people(connection)
    known = {person.name for person in persons} | {f"@{group}" for person in persons for group in person.groups}
    waits = [step.after for step in policy.steps]
    if not waits or waits != sorted(set(waits)) or waits[0].total_seconds() < 0:
        raise InvalidInputError(f"escalation {policy.name!r} needs at least one step, each later than the one before")
    if waits[-1] > LONGEST_WAIT:
        raise InvalidInputError(f"escalation {policy.name!r} waits for more than {LONGEST_WAIT.days} days: call sooner")
    for step in policy.steps:
        unknown = [call for call in step.calls if call not in known]
        if unknown or not step.calls:
            named = ", ".join(unknown) or "nobody"
            raise InvalidInputError(f"a step calls {named}: name people, or @groups that somebody is in")
    escalations.put_policy(connection, policy)
    audit.record(connection, at=now, who=who, action="set", object_kind="escalation", object_id=policy.name, detail={})


def remove_policy(connection: Connection, name: str, *, who: str, now: datetime) -> None:
    """Call nobody any more by that policy. Raises NotFoundError."""
    escalations.remove_policy(connection, name)
    audit.record(connection, at=now, who=who, action="removed", object_kind="escalation", object_id=name)


def called_by(step: EscalationStep, persons: Sequence[Person]) -> list[str]:
    """Names of the people whom a step calls: those it names, and the members of its @groups."""
    return [
        person.name
        for person in persons
        if person.name in step.calls or any(f"@{group}" in step.calls for group in person.groups)
    ]


def _follow(connection: Connection, now: datetime) -> int:
    position = outbox.claim_delivery(connection, transport=POSITION, at=now)
    fed = deliveries.read_changes(connection, after=position, limit=PAGE)
    if not fed:
        return 0
    policies = escalations.policies(connection)
    for change in fed:
        if change.kind == "alarm" and change.change.change in BEGINS_WITH:
            _watch(connection, change, policies, now)
    outbox.advance_delivery(connection, transport=POSITION, feed_seq=fed[-1].feed_seq, at=now)
    return len(fed)


def _watch(connection: Connection, change: FeedChange, policies: Sequence[EscalationPolicy], now: datetime) -> None:
    for policy in policies:
        if change.at >= policy.created_at and policy.subscription.wants(change.change):
            due_at = change.at + policy.steps[0].after
            escalations.watch(connection, change.subject_id, policy.name, since=change.at, due_at=due_at)


def _step(
    connection: Connection,
    escalation: Escalation,
    policy: EscalationPolicy,
    persons: Sequence[Person],
    now: datetime,
) -> None:
    number = escalation.next_step
    if not escalation.open or number >= len(policy.steps):
        escalations.end(connection, escalation)
        return
    if escalation.shelved_until is not None and escalation.shelved_until > now:
        escalations.go_on(connection, escalation, next_step=number, due_at=escalation.shelved_until)
        return
    calls = called_by(policy.steps[number], persons)
    if not calls:
        log.warning("escalation calls nobody", policy=policy.name, step=number + 1, alarm_id=escalation.alarm_id)
    _call(connection, escalation, number, calls, now)
    if number + 1 < len(policy.steps):
        due_at = max(now, escalation.since + policy.steps[number + 1].after)
        escalations.go_on(connection, escalation, next_step=number + 1, due_at=due_at)
    else:
        escalations.end(connection, escalation)


def _call(connection: Connection, escalation: Escalation, number: int, calls: Sequence[str], now: datetime) -> None:
    alarm = alarms.get(connection, escalation.alarm_id)
    detail = {"policy": escalation.policy, "step": number + 1, "calls": list(calls)}
    payload = alarm_message(alarm, AlarmChange.UNACKNOWLEDGED, who=SYSTEM, at=now) | {"escalation": detail}
    called = Change("alarm", alarm.alarm_id, alarm.device_id, payload, AlarmChange.UNACKNOWLEDGED, detail)
    changes.tell(connection, [called], who=SYSTEM, at=now)
