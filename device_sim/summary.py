"""What a publisher did, as it goes and in the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a publisher is. device_time is what the devices' clock shows; connected: at least one of them is."""

    total: int
    sent: int
    acknowledged: int
    device_time: datetime
    connected: bool


@dataclass(frozen=True, slots=True)
class PublishedFailure:
    """A failure event for which a PUBACK came."""

    device: str
    failure_mode: str
    ts: datetime


@dataclass(slots=True)
class Summary:
    """What came of a publication.

    complete: everything was acknowledged. readings, events: how many different ones were acknowledged, by device.
    faults: acknowledged messages by the fault that was mixed in. refused: PUBACKs with an error. losses: connections
    that broke; resent: messages that were in flight then. remote: what was heard, executed and said of twins and
    commands, and not taken by the broker.
    """

    complete: bool = False
    total: int = 0
    readings: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    failures: list[PublishedFailure] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    remote: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    unacknowledged: int = 0
    losses: int = 0
    resent: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the sums beside the counts by device."""
        plain = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {
            **plain,
            "devices": len(set(self.readings) | set(self.events)),
            "readings_acknowledged": self.readings.total(),
            "events_acknowledged": self.events.total(),
            "failures": [
                {"device": failure.device, "failure_mode": failure.failure_mode, "ts": failure.ts.isoformat()}
                for failure in self.failures
            ],
        }
