"""What a policy costs in the long run, by renewal reward: what all lives cost, over the time that they lasted.

A life ends with a planned visit, or with a failure when that comes first or at the same moment (S. Ross, 1996,
"Stochastic Processes", section 3.6). A life that was censored before either cost nothing yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
ITERATIONS = 4


@dataclass(frozen=True, slots=True)
class Prices:
    """What ends a life, in any unit of money: a planned visit, or an emergency with all that it brings."""

    planned: float
    emergency: float


@dataclass(frozen=True, slots=True)
class WatchedLives:
    """Lives as they were watched. of_row: the life of each reading, ascending from 0; age: how old the life was then.
    length: age at the end of each life, which a failure was when `failed`. step: time between readings.
    """

    of_row: Integers
    age: Floats
    length: Floats
    failed: Flags
    step: float

    def some(self, chosen: Flags) -> WatchedLives:
        """The chosen lives, numbered anew."""
        rows = chosen[self.of_row]
        number = np.cumsum(chosen) - 1
        return WatchedLives(
            number[self.of_row[rows]], self.age[rows], self.length[chosen], self.failed[chosen], self.step
        )

    def first_visits(self, acts: Flags, lead: float) -> Floats:
        """Age at the visit that is booked at the first reading which acts, `lead` later; infinity without one."""
        rows = np.flatnonzero(acts)
        lives, first = np.unique(self.of_row[rows], return_index=True)
        visits = np.full(len(self.length), np.inf)
        visits[lives] = self.age[rows[first]] + lead
        return visits

    def clairvoyant(self) -> Floats:
        """Age at the last moment to visit each life that fails."""
        return np.where(self.failed, np.maximum(self.length - self.step, self.step), np.inf)


@dataclass(frozen=True, slots=True)
class Toll:
    """What a policy came to: money, time, failures that it let happen, and planned visits."""

    cost: float
    time: float
    failures: int
    visits: int

    @property
    def rate(self) -> float:
        """Money per unit of time."""
        return self.cost / self.time

    def __add__(self, other: Toll) -> Toll:
        return Toll(
            self.cost + other.cost, self.time + other.time, self.failures + other.failures, self.visits + other.visits
        )


def toll(lives: WatchedLives, visits: Floats, prices: Prices) -> Toll:
    """What visits at these ages come to."""
    visited = visits < lives.length
    broke = lives.failed & ~visited
    cost = prices.planned * visited.sum() + prices.emergency * broke.sum()
    return Toll(float(cost), float(np.where(visited, visits, lives.length).sum()), int(broke.sum()), int(visited.sum()))


def hazard_to_act_at(rate: float, prices: Prices) -> float:
    """The probability of failing in the coming unit of time from which a visit is cheaper than to wait for one more:
    waiting risks the emergency instead of a planned visit, and gains time, which is worth what time costs on the mean.

    Raises ValueError when an emergency costs no more than a planned visit: then there is nothing to prevent.
    """
    if prices.emergency <= prices.planned:
        raise ValueError("an emergency that costs no more than a planned visit is not worth preventing")
    return rate / (prices.emergency - prices.planned)


def learn_rate(lives: WatchedLives, hazard: Floats, lead: float, prices: Prices) -> float:
    """The fixed point of the policy's own cost per unit of time: it acts by the rate that acting so brings.

    hazard: per reading, per unit of time, at the lead.
    """
    rate = prices.planned * len(lives.length) / float(lives.length.sum())
    for _ in range(ITERATIONS):
        rate = toll(lives, lives.first_visits(hazard >= hazard_to_act_at(rate, prices), lead), prices).rate
    return rate
