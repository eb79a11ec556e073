"""How the console says things: times, durations, money, states. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

STATES = {
    "suggested": "Suggested",
    "open": "Open",
    "planned": "Planned",
    "in_progress": "In progress",
    "resolved": "Resolved",
    "closed": "Closed",
    "cancelled": "Cancelled",
}
CLOSURES = {
    "confirmed": "Confirmed: it had failed or was about to",
    "worn": "Worn: replaced in good time",
    "no_fault_found": "No fault found",
    "other": "Something else",
}


def instant(moment: datetime) -> str:
    """`2026-03-01 08:00`, in UTC; the unit stands beside it or is put right by the browser."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def parsed(text: str) -> datetime:
    """The instant that a stored document tells in ISO 8601."""
    return datetime.fromisoformat(text)


def datetime_local(moment: datetime) -> str:
    """As a form field takes it, in UTC, on the full hour after."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return (hour + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")


def until(moment: datetime, now: datetime) -> str:
    """`in 3 d`, `2 h ago`, `now`; one unit, since the exact time stands beside it."""
    gap = moment - now
    minutes = abs(gap) // timedelta(minutes=1)
    if not minutes:
        return "now"
    text = f"{minutes} min" if minutes < 90 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} d"
    return f"in {text}" if gap > timedelta(0) else f"{text} ago"


def span(length: timedelta) -> str:
    """A duration in its two largest units: `3 d 4 h`, `5 h 10 min`, `12 min`."""
    minutes = round(length.total_seconds() / 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days >= 14:
        return f"{days} d"
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def exact(moment: datetime) -> str:
    """`2026-03-01 08:00:05`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def width(length: timedelta) -> str:
    """How wide a bucket of readings is: `30 s`, or as `span` says it."""
    seconds = length.total_seconds()
    return span(length) if seconds >= 60 and seconds % 60 == 0 else f"{seconds:g} s"


def hours(number: float) -> str:
    """A duration given in hours."""
    return span(timedelta(hours=number))


def working_hours(number: float) -> str:
    """Hours of work, which are never told in days of 24 h: `108 h`, `1.5 h`."""
    return f"{number:,.1f}".removesuffix(".0") + " h"


def money(minor: int, currency: str) -> str:
    """`EUR 1,234.50`."""
    return f"{currency} {minor / 100:,.2f}"


def percent(fraction: float) -> str:
    """`83%`; small risks keep a digit, so that they do not read as none."""
    return f"{fraction:.0%}" if fraction >= 0.095 or fraction == 0 else f"{fraction:.1%}"


def points(fraction: float) -> str:
    """A change of a share in percentage points: `+17.4`, `−2.7`."""
    return f"{fraction * 100:+.1f}".replace("-", "−")


def number(value: float) -> str:
    """Four significant digits, without an exponent where people do not expect one."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def label(name: str) -> str:
    """`no_fault_found` as `No fault found`."""
    return name[:1].upper() + name[1:].replace("_", " ")


def unbroken(text: str) -> str:
    """The text with each number and its unit kept on one line."""
    return re.sub(r"(?<=\d) (?=(?:d|h|min)\b)", "\u00a0", text)


def state(name: str) -> str:
    """A ticket's state."""
    return STATES.get(name, label(name))
