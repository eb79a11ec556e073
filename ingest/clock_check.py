"""Refuses what claims to come from the future: a device whose clock is wrong. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from domain.clock import Clock
from domain.device_time import LATEST, to_datetime, to_microseconds
from ingest.codecs import Decoded, PayloadError

Horizon = Callable[[], int]
"""The instant, in microseconds since 1970, from which on a timestamp lies in the future now."""


def endless() -> int:
    """The horizon that keeps nothing out."""
    return LATEST


def horizon_of(clock: Clock, tolerance: timedelta) -> Horizon:
    """Devices' clocks may be ahead of ours by `tolerance`."""
    return lambda: min(LATEST, to_microseconds(clock() + tolerance) + 1)


def refusal(decoded: Decoded, before: int) -> PayloadError | None:
    """Why a message is not stored now, when anything in it lies at `before` or later; None when nothing does."""
    latest = max(
        max((sample.ts for sample in decoded.samples), default=0),
        max((to_microseconds(event.ts) for event in decoded.events), default=0),
        max((to_microseconds(status.ts) for status in decoded.statuses), default=0),
    )
    if latest < before:
        return None
    return PayloadError(
        "future",
        f"ts {to_datetime(latest).isoformat(timespec='seconds')} lies in the future, beyond the tolerance of "
        "AFTERCARE_CLOCK_TOLERANCE: set the device's clock, and replay the message once that time has come",
    )
