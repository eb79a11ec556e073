"""The instants that devices tell: epoch milliseconds, or ISO 8601 with a time zone (docs/wire.md)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.payload_text import shown

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EARLIEST = (datetime(1990, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
LATEST = (datetime(2100, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND


def read_device_time(value: object) -> int:
    """Microseconds since 1970, UTC. Raises ValueError for anything that is not an instant from 1990 to 2099."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"ts is {shown(value)}: send epoch milliseconds or ISO 8601 with a time zone")
    ts = _read_iso(value) if isinstance(value, str) else value * 1000
    if not EARLIEST <= ts < LATEST:
        raise ValueError(f"ts {shown(value)} lies outside 1990 to 2099{_hint(value)}")
    return round(ts)


def to_datetime(ts: int) -> datetime:
    """The instant `ts` microseconds after 1970, aware and in UTC."""
    return EPOCH + timedelta(microseconds=ts)


def to_microseconds(instant: datetime) -> int:
    """Microseconds from 1970 to an aware instant."""
    return (instant - EPOCH) // MICROSECOND


def _read_iso(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"ts {shown(text)} is not ISO 8601, such as 2026-01-31T12:00:00Z") from None
    if instant.tzinfo is None:
        raise ValueError(f"ts {shown(text)} has no time zone: append Z for UTC")
    return to_microseconds(instant)


def _hint(value: object) -> str:
    if not isinstance(value, int | float):
        return ""
    for factor, unit in ((10**6, "seconds"), (1, "microseconds"), (0.001, "nanoseconds")):
        if EARLIEST <= value * factor < LATEST:
            return f": it looks like epoch {unit}, send milliseconds"
    return ""
