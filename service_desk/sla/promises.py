"""What contracts promise for a ticket: the earliest response and the earliest repair of those in force. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.business_hours import BusinessHours, Span, due, elapsed
from domain.entitlement import ClockHours, ClockKind, Contract, PauseReason

WARN_SHARE = 0.75
"""Of its window: from then on a clock is about to breach."""


@dataclass(frozen=True, slots=True)
class SlaClock:
    """A promise that counts business time. `started_at` never moves; `stopped_at` is when it was kept or called off."""

    kind: ClockKind
    contract_no: str
    started_at: datetime
    window: timedelta
    hours: BusinessHours
    pause_reasons: frozenset[PauseReason]
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody could go on from `began_at` to `ended_at` (None: still)."""

    reason: PauseReason
    began_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClockState:
    """How a clock stands: `due_at` and `warn_at` are as if an unfinished pause ended now."""

    elapsed: timedelta
    remaining: timedelta
    warn_at: datetime
    due_at: datetime
    paused: bool

    @property
    def breached(self) -> bool:
        return self.remaining < timedelta(0)


def promises(contracts: Iterable[Contract], site_hours: BusinessHours, opened_at: datetime) -> list[SlaClock]:
    """The clocks that start when a ticket opens. Every promise has to be kept, so the earliest one due is measured."""
    clocks = []
    for kind in ClockKind:
        offered = [
            _clock(kind, contract, window, site_hours, opened_at) for contract, window in _windows(contracts, kind)
        ]
        if offered:
            clocks.append(min(offered, key=lambda clock: due(clock.hours, opened_at, clock.window)))
    return clocks


def state_of(clock: SlaClock, pauses: Sequence[Pause], now: datetime) -> ClockState:
    """How the clock stands at `now`, not before its start. Raises InvalidInputError when its hours give no due time."""
    counted = [pause for pause in pauses if pause.reason in clock.pause_reasons]
    end = clock.stopped_at or now
    spans: list[Span] = [(pause.began_at, pause.ended_at or max(end, pause.began_at)) for pause in counted]
    spent = elapsed(clock.hours, clock.started_at, end, spans)
    return ClockState(
        elapsed=spent,
        remaining=clock.window - spent,
        warn_at=due(clock.hours, clock.started_at, clock.window * WARN_SHARE, spans),
        due_at=due(clock.hours, clock.started_at, clock.window, spans),
        paused=clock.stopped_at is None and any(pause.ended_at is None for pause in counted),
    )


def _windows(contracts: Iterable[Contract], kind: ClockKind) -> list[tuple[Contract, timedelta]]:
    offered = [(contract, contract.window_hours(kind)) for contract in contracts]
    return [(contract, timedelta(hours=window)) for contract, window in offered if window is not None]


def _clock(
    kind: ClockKind, contract: Contract, window: timedelta, site_hours: BusinessHours, opened_at: datetime
) -> SlaClock:
    hours = BusinessHours(site_hours.time_zone) if contract.hours is ClockHours.ALWAYS else site_hours
    return SlaClock(kind, contract.contract_no, opened_at, window, hours, frozenset(contract.pause_reasons))
