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


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Device time that starts at `start` when the machine's clock shows `wall_start` and runs `speed` times as fast.

    Every process of a sped-up replay is given the same three numbers, so that all of them agree on what time it is.
    """

    start: datetime
    wall_start: float
    speed: float

    def __call__(self) -> datetime:
        return self.at(time.time())

    def at(self, wall: float) -> datetime:
        """Device time at the machine time `wall` (epoch seconds)."""
        return self.start + timedelta(seconds=(wall - self.wall_start) * self.speed)

    def wall(self, instant: datetime) -> float:
        """Machine time (epoch seconds) at which the device time `instant` is reached."""
        return self.wall_start + (instant - self.start).total_seconds() / self.speed

    def __str__(self) -> str:
        return f"{self.start.isoformat()}@{self.wall_start!r}x{self.speed!r}"


def parse_clock(text: str) -> Clock:
    """Read `system` or the text form of a `ScaledClock`, `START@WALL_EPOCHxSPEED`.

    Raises ConfigurationError when the text is neither.
    """
    if text == "system":
        return system_clock
    try:
        start, rest = text.split("@")
        wall, speed = rest.split("x")
        clock = ScaledClock(datetime.fromisoformat(start).astimezone(UTC), float(wall), float(speed))
    except ValueError as error:
        raise ConfigurationError(
            f"clock {text!r} is neither 'system' nor START@WALL_EPOCHxSPEED, for example "
            "2026-01-01T00:00:00+00:00@1767225600.0x3600.0"
        ) from error
    if clock.speed <= 0:
        raise ConfigurationError(f"clock {text!r} has speed {clock.speed}: give a speed above 0")
    return clock
