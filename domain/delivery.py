"""Who is told of changes: receivers, what they subscribed to, and people with their quiet hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.alarm import Severity


class ReceiverKind(StrEnum):
    """A program's webhook, or a person's channel."""

    WEBHOOK = "webhook"
    CHANNEL = "channel"


class ReceiverState(StrEnum):
    """Stopped: nothing is sent until somebody resumes it."""

    ACTIVE = "active"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the feed as a subscription looks at it; empty where it says nothing of the kind.

    calls: names of the people whom an escalation calls with it, whatever they subscribed to.
    """

    kind: str
    change: str
    severity: str = ""
    device: str = ""
    device_model: str = ""
    customer: str = ""
    site: str = ""
    calls: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a receiver wants: each list names what passes, and an empty one lets everything pass.

    kinds: `alarm`, `ticket`. changes: `raised`, `cleared` and so on. severities: of alarms; a ticket has none.
    """

    kinds: Sequence[str] = ("alarm",)
    changes: Sequence[str] = ()
    severities: Sequence[str] = ()
    device_models: Sequence[str] = ()
    customers: Sequence[str] = ()
    sites: Sequence[str] = ()

    def wants(self, change: Change) -> bool:
        """Whether a change is to be sent."""
        asked = [
            (self.kinds, change.kind),
            (self.changes, change.change),
            (self.device_models, change.device_model),
            (self.customers, change.customer),
            (self.sites, change.site),
        ]
        if change.kind == "alarm":
            asked.append((self.severities, change.severity))
        return all(not wanted or value in wanted for wanted, value in asked)


OF_PEOPLE = Subscription(changes=("raised", "escalated", "reminded", "resumed", "cleared"))
"""What a person is told who asked for nothing else."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day to another by the person's own clock, past midnight when the second is the earlier."""

    begin: time
    end: time

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet that reigns at `now` ends; None when it does not reign. Days of 23 and 25 hours are right."""
        local = now.astimezone(zone)
        today = local.date()
        days = (today - timedelta(days=1), today) if self.end <= self.begin else (today,)
        for day in days:
            last = day + timedelta(days=1) if self.end <= self.begin else day
            begin = datetime.combine(day, self.begin, zone).astimezone(now.tzinfo)
            end = datetime.combine(last, self.end, zone).astimezone(now.tzinfo)
            if begin <= now < end:
                return end
        return None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is told of alarms; `groups` are those that an escalation may call as `@group`."""

    name: str
    time_zone: str = "UTC"
    groups: Sequence[str] = ()
    quiet_hours: QuietHours | None = None
    critical_passes: bool = True

    def told_from(self, severity: str, now: datetime) -> datetime:
        """When they may be told: now, or after their quiet hours."""
        if self.quiet_hours is None or (self.critical_passes and severity == Severity.CRITICAL):
            return now
        return self.quiet_hours.until(now, ZoneInfo(self.time_zone)) or now


@dataclass(frozen=True, slots=True)
class Receiver:
    """A webhook or a channel of a person, and how it does.

    shown_address: without passwords. feed_seq: how far the feed was read for it. failures: in a row.
    both_secrets_until: of a webhook whose secret was rotated, until when the one before signs along.
    """

    receiver_id: int
    kind: ReceiverKind
    name: str
    shown_address: str
    subscription: Subscription
    state: ReceiverState
    feed_seq: int
    created_at: datetime
    failures: int = 0
    failing_since: datetime | None = None
    next_try_at: datetime | None = None
    last_error: str = ""
    delivered: int = 0
    last_delivered_at: datetime | None = None
    person: Person | None = None
    waiting: int = 0
    failed: int = 0
    both_secrets_until: datetime | None = None

    def wants(self, change: Change) -> bool:
        """Whether a change is for this receiver: subscribed to, or its person is called with it."""
        called = self.person is not None and self.person.name in change.calls
        return called or self.subscription.wants(change)


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Call these people, and the members of each `@group`, so long after an alarm was raised and not acknowledged."""

    after: timedelta
    calls: Sequence[str]


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """Who is called when nobody acknowledges an alarm that `subscription` lets pass; steps by growing time."""

    name: str
    subscription: Subscription
    steps: Sequence[EscalationStep]
    created_at: datetime
    waiting: int = field(default=0, compare=False)
