"""What alarms at a threshold would have brought on held-out lives: visits, lead times and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from domain.device_model import FailureMode
from models.calibration import Floats
from models.lives import HOUR_MS, Integers, Lives

THRESHOLDS: Floats = 1 / (1 + np.exp(-np.linspace(-5.5, 3.5, 73)))
FLAT = 0.01
"""Thresholds whose cost lies within this share of the least cost are as good as the best."""


@dataclass(frozen=True, slots=True)
class LifeTrace:
    """One held-out life: the risk told at each reading, and hours from each reading to the end of the life."""

    risk: Floats
    left: Floats
    failed: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the alarms of one life led to. lead: hours from the true alarm to the failure; None without one."""

    needless: int
    lead: float | None


def trace_lives(lives: Lives, risk: Floats) -> list[LifeTrace]:
    """Cut the risk of every reading into lives."""
    bounds = [*lives.first_row, len(risk)]
    left = lives.left_ms / HOUR_MS
    return [
        LifeTrace(risk[start:end], left[start:end], bool(failed))
        for start, end, failed in zip(bounds[:-1], bounds[1:], lives.failed, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Followed:
    """What the alarms of lives led to: a column a life, and for several cases a row each. needless: visits. lead: hours
    from the true alarm to the failure, NaN without one. length: hours of each life; failed: whether it ended so."""

    needless: Integers
    lead: Floats
    length: Floats
    failed: NDArray[np.bool_]

    def costs(self, mode: FailureMode) -> Floats:
        """Minor units that each life costs: its needless visits, and a planned visit when the alarm came at least the
        lead time before the failure, else an emergency visit.

        A planned visit that comes earlier than it must throws useful life away: it costs more by the share of the life
        that the lead time did not need.
        """
        early = np.where(np.isnan(self.lead), -1.0, self.lead - hours(mode.lead_time))
        planned = mode.costs.planned_visit.minor * (1 + early / np.maximum(np.maximum(self.length, early), 1e-9))
        end = np.where(early < 0, mode.costs.emergency_visit.minor, planned)
        return np.asarray(self.needless * float(mode.costs.needless_visit.minor) + np.where(self.failed, end, 0.0))


@dataclass(frozen=True, slots=True)
class Follower:
    """Sends a technician to many lives whenever the risk of one reaches its threshold. begin, end: rows of each life;
    later: of each row the first of its life that lies `patience` later.

    An alarm is true when the life fails within twice the horizon. When it goes on for longer the visit was needless,
    and the next alarm can come only after that time. An alarm in a life that was censored sooner counts neither way.
    """

    risk: Floats
    left: Floats
    begin: Integers
    end: Integers
    later: Integers
    failed: NDArray[np.bool_]
    patience: float

    @classmethod
    def of(cls, traces: Sequence[LifeTrace], mode: FailureMode) -> Follower:
        """Costs and lead time of the mode do not matter."""
        patience = 2 * hours(mode.horizon)
        end = np.cumsum(np.array([len(life.risk) for life in traces], dtype=np.int64))
        begin = np.concatenate([[0], end])[: len(end)]
        later = [np.searchsorted(-life.left, patience - life.left) for life in traces]
        return cls(
            np.concatenate([*(life.risk for life in traces), np.empty(0)]),
            np.concatenate([*(life.left for life in traces), np.zeros(1)]),
            begin,
            end,
            np.concatenate([*(row + begins for row, begins in zip(later, begin, strict=True)), np.empty(0, np.int64)]),
            np.array([life.failed for life in traces], dtype=bool),
            patience,
        )

    def follow(self, thresholds: Floats) -> Followed:
        """One threshold for each life."""
        return self._follow(self.risk >= np.repeat(thresholds, self.end - self.begin))

    def follow_all(self) -> Followed:
        """Each of `THRESHOLDS`, a row each."""
        rows = [self._follow(self.risk >= threshold) for threshold in THRESHOLDS]
        needless, lead = np.stack([row.needless for row in rows]), np.stack([row.lead for row in rows])
        return Followed(needless, lead, self.left[self.begin], self.failed)

    def _follow(self, risky: NDArray[np.bool_]) -> Followed:
        alarms = np.append(np.flatnonzero(risky), len(self.risk))
        at = alarms[np.searchsorted(alarms, self.begin)]
        needless = np.zeros(len(self.end), dtype=np.int64)
        while (far := (at < self.end) & (self.left[at] > self.patience)).any():
            needless += far
            at[far] = alarms[np.searchsorted(alarms, self.later[at[far]])]
        lead = np.where(self.failed & (at < self.end), self.left[at], np.nan)
        return Followed(needless, lead, self.left[self.begin], self.failed)


def follow_alarms(life: LifeTrace, threshold: float, mode: FailureMode) -> Outcome:
    """What one life's alarms at the threshold led to."""
    [outcome] = outcomes_of(Follower.of([life], mode).follow(np.array([threshold])))
    return outcome


def outcomes_of(followed: Followed) -> list[Outcome]:
    """One of each life."""
    pairs = zip(followed.needless.tolist(), followed.lead.tolist(), strict=True)
    return [Outcome(needless, None if np.isnan(lead) else lead) for needless, lead in pairs]


def cost_of(life: LifeTrace, outcome: Outcome, mode: FailureMode) -> float:
    """Minor units that the life costs, as `Followed.costs` tells."""
    lead = np.nan if outcome.lead is None else outcome.lead
    alone = Followed(np.array([outcome.needless]), np.array([lead]), life.left[:1], np.array([life.failed]))
    return float(alone.costs(mode)[0])


def cost_table(traces: Sequence[LifeTrace], mode: FailureMode) -> Floats:
    """Thresholds by lives: what each life would have cost, in minor units."""
    return Follower.of(traces, mode).follow_all().costs(mode)


def cheapest_threshold(cost: Floats) -> float:
    """The risk at which acting costs least, given the cost at each of `THRESHOLDS`; the middle of those that are as
    good."""
    best = int(cost.argmin())
    good = cost <= cost[best] * (1 + FLAT)
    low = high = best
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(good) - 1 and good[high + 1]:
        high += 1
    return float(THRESHOLDS[(low + high) // 2])


def hours(length: timedelta) -> float:
    """The length in hours."""
    return length.total_seconds() / 3600
