"""How many of a part a fleet will need, and how many to order for it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

import numpy as np

from domain.errors import InvalidInputError
from service_desk.policy.renewal import Floats
from service_desk.policy.risk_curve import cumulative_hazard, hazard_at

NEGLIGIBLE = 1e-15
"""Of a spread's ends, so that it stays short however large the fleet is."""
DOUBLINGS = 6
"""So often pairs of devices are added up for the whole fleet at once; what remains are sums of 64 devices."""


@dataclass(frozen=True, slots=True)
class Need:
    """Devices that take `quantity` of a part each when they fail, and the chance of each that it fails in time."""

    chances: Floats
    quantity: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Probability of needing `first`, `first` + 1, ... pieces."""

    first: int
    chances: Floats


@dataclass(frozen=True, slots=True)
class Position:
    """What a service centre has and awaits of a part; under_way: sent to it for no ticket. waited_for: by tickets."""

    free: int = 0
    on_order: int = 0
    under_way: int = 0
    waited_for: int = 0

    @property
    def total(self) -> int:
        return self.free + self.on_order + self.under_way - self.waited_for


@dataclass(frozen=True, slots=True)
class Requirement:
    """expected: pieces on average. needed: so many are enough with the wanted probability. order: what is missing."""

    expected: float
    needed: int
    order: int
    why: str


def chances_within(failed_by: Floats, *, step: Floats, gone: Floats, window: float) -> Floats:
    """Probability of each device, which runs now, that it fails within `window` hours.

    failed_by: its risk curve, a row each. step, gone: hours of a step, and hours since the curve began. Beyond the end
    of what `policy.risk_curve` would tell of it now, the hazard stays even.
    """
    hazard, steps = cumulative_hazard(failed_by), failed_by.shape[1]
    begin, places = gone / step, window / step
    whole = np.minimum(np.floor(places), steps - 1)
    ends = begin[:, None] + np.stack([np.zeros(len(step)), whole, whole + 1], axis=1)
    now, before, after = hazard_at(hazard, ends).T
    survives, last = np.exp(now - before), np.exp(now - after)
    within = survives + (last - survives) * (places - whole)
    beyond = np.exp(now - after - (after - before) * np.maximum(places - steps, 0))
    chances: Floats = np.clip(1 - np.where(places <= steps, within, beyond), 0, 1)  # rounding may leave it by a hair
    return chances


def spread(needs: Iterable[Need]) -> Spread:
    """Of the pieces that devices need which fail independently (Poisson-binomial distribution)."""
    return reduce(_add, (_pieces(need) for need in needs), Spread(0, np.ones(1)))


def check_level(level: float) -> None:
    """Raises InvalidInputError for a level that is no probability below 1."""
    if not 0 < level < 1:
        raise InvalidInputError(f"a level of {level:g} is not between 0 and 1: give 0.95 for 95 %")


def require(expected: float, needed: int, position: Position, *, lead_time: timedelta, level: float) -> Requirement:
    """How many to order so that the part lasts through its lead time with probability `level`."""
    order = max(0, needed - position.total)
    days = lead_time / timedelta(days=1)
    stock = [f"{position.free} free", f"{position.on_order} on order"]
    stock += [f"{position.under_way} under way"] if position.under_way else []
    stock += [f"{position.waited_for} waited for by tickets"] if position.waited_for else []
    demand = f"{expected:.1f} expected within {math.ceil(days)} d lead time, {100 * level:.6g}% need {needed}"
    why = f"{demand}, {', '.join(stock)}: " + (f"order {order}" if order else "enough")
    return Requirement(expected, needed, order, why)


def _pieces(need: Need) -> Spread:
    count = 2**DOUBLINGS
    chances = np.zeros(-(-len(need.chances) // count) * count)
    chances[: len(need.chances)] = need.chances
    sums = np.stack([1 - chances, chances], axis=1)
    for _ in range(DOUBLINGS):
        sums = _add_pairs(sums)
    failures = reduce(_add, (Spread(0, row) for row in sums), Spread(0, np.ones(1)))
    pieces = np.zeros((len(failures.chances) - 1) * need.quantity + 1)
    pieces[:: need.quantity] = failures.chances
    return Spread(failures.first * need.quantity, pieces)


def _add_pairs(sums: Floats) -> Floats:
    one, other = sums[::2], sums[1::2]
    width = sums.shape[1]
    added = np.zeros((len(one), 2 * width - 1))
    for place in range(width):
        added[:, place : place + width] += one[:, [place]] * other
    return added


def _add(one: Spread, other: Spread) -> Spread:
    chances = np.convolve(one.chances, other.chances)
    told = np.flatnonzero(chances > NEGLIGIBLE)
    return Spread(one.first + other.first + int(told[0]), chances[told[0] : told[-1] + 1])
