"""Time is injected: everything that asks for now takes a `Clock`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.errors import ConfigurationError

Clock = Callable[[], datetime]
"""Returns the present instant, aware and in UTC."""


def system_clock() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)


def read_instant(text: str) -> datetime:
    """The instant that a text in ISO 8601 names, in UTC, which it is taken for when it names no zone.

    Raises ValueError, also for one that has no year from 1 to 9999 in UTC.
    """
    instant = datetime.fromisoformat(text)
    try:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 in UTC") from error


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Device time that stands at `start` until the machine's clock shows `wall_start`, then runs `speed` times as fast.

    From `until` on, when there is one, it runs as fast as the machine's: a replay has an end, and what it leaves
    running shall not rush on into the future. Every process of a replay is given the same text, so that all agree.
    """

    start: datetime
    wall_start: float
    speed: float
    until: datetime | None = None

    def __call__(self) -> datetime:
        return self.at(time.time())

    def at(self, wall: float) -> datetime:
        """Device time at the machine time `wall` (epoch seconds)."""
        instant = self.start + timedelta(seconds=max(wall - self.wall_start, 0.0) * self.speed)
        if self.until is None or instant <= self.until:
            return instant
        return self.until + timedelta(seconds=wall - self.wall(self.until))

    def wall(self, instant: datetime) -> float:
        """Machine time (epoch seconds) at which the device time `instant`, not after `until`, is reached."""
        return self.wall_start + (instant - self.start).total_seconds() / self.speed

    def __str__(self) -> str:
        end = "" if self.until is None else f"/{self.until.isoformat()}"
        return f"{self.start.isoformat()}@{self.wall_start!r}x{self.speed!r}{end}"


def parse_clock(text: str) -> Clock:
    """Read `system` or the text form of a `ScaledClock`, `START@WALL_EPOCHxSPEED` or `START@WALL_EPOCHxSPEED/UNTIL`.

    Raises ConfigurationError when the text is neither.
    """
    if text == "system":
        return system_clock
    try:
        start, rest = text.split("@")
        rest, _, until = rest.partition("/")
        wall, speed = rest.split("x")
        clock = ScaledClock(
            datetime.fromisoformat(start).astimezone(UTC),
            float(wall),
            float(speed),
            datetime.fromisoformat(until).astimezone(UTC) if until else None,
        )
    except ValueError as error:
        raise ConfigurationError(
            f"clock {text!r} is neither 'system' nor START@WALL_EPOCHxSPEED[/UNTIL], for example "
            "2026-01-01T00:00:00+00:00@1767225600.0x3600.0"
        ) from error
    if clock.speed <= 0:
        raise ConfigurationError(f"clock {text!r} has speed {clock.speed}: give a speed above 0")
    return clock
