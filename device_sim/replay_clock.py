"""Device time that runs faster than the machine's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from device_sim.errors import InvalidSimulationError


@dataclass(frozen=True, slots=True)
class ReplayClock:
    """Device time is `start` when the machine's clock shows `wall_start`, and runs `speed` times as fast.

    All three in seconds since 1970 (the speed in seconds a second); `str` gives the form that `parse_clock` reads.
    """

    start: float
    wall_start: float
    speed: float

    def __post_init__(self) -> None:
        if not 0 < self.speed < float("inf"):
            raise InvalidSimulationError(f"speed {self.speed} is impossible: give a number above 0")

    def at(self, wall: float) -> float:
        """Device time at the machine time `wall`."""
        return self.start + (wall - self.wall_start) * self.speed

    def wall(self, instant: float) -> float:
        """Machine time at which the device time `instant` is reached."""
        return self.wall_start + (instant - self.start) / self.speed

    def __str__(self) -> str:
        start = datetime.fromtimestamp(self.start, UTC).isoformat()
        return f"{start}@{self.wall_start!r}x{self.speed!r}"


def parse_clock(text: str) -> ReplayClock:
    """Read `START@WALL_EPOCHxSPEED`, START in ISO 8601 with a zone. Raises InvalidSimulationError."""
    try:
        start, rest = text.split("@")
        wall, speed = rest.split("x")
        instant = datetime.fromisoformat(start)
        if instant.tzinfo is None:
            raise ValueError("no time zone")
        return ReplayClock(instant.timestamp(), float(wall), float(speed))
    except ValueError as error:
        raise InvalidSimulationError(
            f"clock {text!r} is not START@WALL_EPOCHxSPEED, for example "
            f"2026-01-01T00:00:00+00:00@1767225600.0x3600.0 ({error})"
        ) from error
