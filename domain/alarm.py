"""Alarms: active or cleared, acknowledged or not; two booleans, not one state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How urgent; the order of the members is the order of urgency."""

    CRITICAL = "CRITICAL"
    MAJOR = "MAJOR"
    MINOR = "MINOR"
    WARNING = "WARNING"


class AlarmSource(StrEnum):
    """What raised the alarm."""

    RULE = "rule"
    PREDICTION = "prediction"
    CONNECTIVITY = "connectivity"
    CONTRACT = "contract"


class AlarmChange(StrEnum):
    """What happened to an alarm, as the feed tells it."""

    RAISED = "raised"
    REPEATED = "repeated"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    WOKEN = "woken"
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    REMINDED = "reminded"
    DEFERRED = "deferred"
    RESUMED = "resumed"
    UNACKNOWLEDGED = "unacknowledged"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that an alarm is to be raised for, or that its uncleared alarm is to count.

    It is about a device, a device model as such, or a site (customer and site): exactly one of them is given.
    times: how often it has occurred, at least once. saving: what a visit saves, in minor units. deferred: a new alarm
    is told as deferred instead of raised, because no visit is left for it.
    """

    alarm_type: str
    severity: Severity
    source: AlarmSource
    message: str
    device_id: int | None = None
    device_model: str | None = None
    site: tuple[str, str] | None = None
    failure_mode: str | None = None
    prediction_id: int | None = None
    times: int = 1
    saving: int | None = None
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of a device, of a device model as such, or of a site: `device` and `device_id` are None for these two.

    customer, site: of the device, or the site that the alarm is about; empty where there is none. device_model: empty
    for a site. `alarm_type` for a prediction is `predicted:<failure mode>`, for a model that no longer fits
    `drift:<failure mode>`, for a rule `rule:<its name>`, `offline` for a device, `site_offline` for a site,
    `sla_response:<failure mode>` and `sla_repair:<failure mode>` for what a contract promises for a ticket. deferred:
    more is predicted than can be worked off, and this can wait best.
    """

    alarm_id: int
    device_id: int | None
    device: str | None
    device_model: str
    alarm_type: str
    severity: Severity
    active: bool
    acknowledged: bool
    count: int
    raised_at: datetime
    last_at: datetime
    source: AlarmSource
    message: str
    failure_mode: str | None = None
    prediction_id: int | None = None
    shelved_until: datetime | None = None
    cleared_at: datetime | None = None
    ack_by: str | None = None
    customer: str = ""
    site: str = ""
    assigned_to: str | None = None
    deferred: bool = False
