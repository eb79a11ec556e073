"""What people read: changes of alarms and tickets in words, several in one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.alarm import Severity
from store.outbox import FeedEntry

MOST_LINES = 20
WORDS = {"unacknowledged": "nobody has acknowledged it", "reminded": "still active"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A message. severity: the most urgent that is in it; None without an alarm."""

    title: str
    body: str
    severity: Severity | None


def notice_of(entries: Sequence[FeedEntry]) -> Notice:
    """One message that tells of all these changes, in their order; of very many it tells how many it leaves out."""
    lines = [_line(entry) for entry in entries]
    left_out = len(lines) - MOST_LINES
    shown = [*lines[-MOST_LINES:], f"and {left_out} earlier changes"] if left_out > 0 else lines
    told = {str(entry.payload.get("severity")) for entry in entries if entry.kind == "alarm"}
    severity = next((severity for severity in Severity if severity.value in told), None)
    if len(lines) == 1:
        return Notice(_title(entries[0]), _message(entries[0].payload), severity)
    urgency = f", up to {severity}" if severity else ""
    return Notice(f"Aftercare: {len(lines)} changes{urgency}", "\n".join(shown), severity)


def _title(entry: FeedEntry) -> str:
    change = str(entry.payload.get("change", "changed"))
    head = entry.payload.get("severity") or f"Ticket {entry.subject_id}"
    return f"{head} {_about(entry.payload)}: {WORDS.get(change, change)}"


def _line(entry: FeedEntry) -> str:
    return f"{_title(entry)}. {_message(entry.payload)}"


def _about(payload: Mapping[str, Any]) -> str:
    names = (payload.get(key) for key in ("device", "site", "customer", "device_model"))
    return next((str(name) for name in names if name), "")


def _message(payload: Mapping[str, Any]) -> str:
    return str(payload.get("message") or payload.get("summary") or payload.get("state") or "")
