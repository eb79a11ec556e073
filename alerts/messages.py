"""An alarm change as the feed and the transports carry it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.alarm import Alarm, AlarmChange


def alarm_message(alarm: Alarm, change: AlarmChange, *, who: str, at: datetime) -> dict[str, Any]:
    """The whole alarm after the change, with what changed, who did it and when; times are ISO 8601 in UTC."""
    return {
        "change": change.value,
        "at": at.isoformat(),
        "who": who,
        "alarm_id": alarm.alarm_id,
        "device": alarm.device,
        "device_model": alarm.device_model,
        "customer": alarm.customer,
        "site": alarm.site,
        "alarm_type": alarm.alarm_type,
        "severity": alarm.severity.value,
        "active": alarm.active,
        "acknowledged": alarm.acknowledged,
        "ack_by": alarm.ack_by,
        "shelved_until": _text(alarm.shelved_until),
        "count": alarm.count,
        "raised_at": alarm.raised_at.isoformat(),
        "last_at": alarm.last_at.isoformat(),
        "cleared_at": _text(alarm.cleared_at),
        "source": alarm.source.value,
        "failure_mode": alarm.failure_mode,
        "prediction_id": alarm.prediction_id,
        "assigned_to": alarm.assigned_to,
        "deferred": alarm.deferred,
        "message": alarm.message,
    }


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
