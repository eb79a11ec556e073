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


class AlarmChange(StrEnum):
    """What happened to an alarm, as the feed tells it."""

    RAISED = "raised"
    REPEATED = "repeated"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of a device, or of a device model as such: `device` and `device_id` are None then.

    `alarm_type` for a prediction is `predicted:<failure mode>`, for a model that no longer fits `drift:<failure mode>`.
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
