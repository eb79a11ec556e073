"""How many of a part a fleet will need, and how many to order for it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from domain.errors import InvalidInputError
from domain.prediction import Prediction
from service_desk.policy.renewal import Floats
from service_desk.policy.risk_curve import risk_curve

HOUR = timedelta(hours=1)
NEGLIGIBLE = 1e-12
"""Of a spread's upper end, so that it stays short however large the fleet is."""


@dataclass(frozen=True, slots=True)
class Need:
    """One device's failure mode: the chance that it fails in time, and how many of the part that takes."""

    chance: float
    quantity: int


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


def chance_within(prediction: Prediction, window: timedelta, *, now: datetime) -> float:
    """Probability that a device that runs now fails within a window; beyond its risk curve the hazard stays even."""
    curve = risk_curve(prediction, now=now)
    hours, end = window / HOUR, curve.step * len(curve.failed_by)
    if hours <= end:
        return curve.at(hours)
    survives = 1 - float(curve.failed_by[-1])
    last = survives / (1 - float(curve.failed_by[-2])) if curve.failed_by[-2] < 1 else 0.0
    return 1 - survives * float(last ** ((hours - end) / curve.step))


def spread(needs: Iterable[Need]) -> Floats:
    """Probability of needing 0, 1, 2, ... pieces, devices failing independently (Poisson-binomial distribution)."""
    pieces: Floats = np.ones(1)
    for need in needs:
        longer = np.zeros(len(pieces) + need.quantity)
        longer[: len(pieces)] = pieces * (1 - need.chance)
        longer[need.quantity :] += pieces * need.chance
        pieces = longer[: np.flatnonzero(longer > NEGLIGIBLE)[-1] + 1]
    return pieces


def check_level(level: float) -> None:
    """Raises InvalidInputError for a level that is no probability below 1."""
    if not 0 < level < 1:
        raise InvalidInputError(f"a level of {level:g} is not between 0 and 1: give 0.95 for 95 %")


def require(needs: Sequence[Need], position: Position, *, lead_time: timedelta, level: float) -> Requirement:
    """How many to order so that the part lasts through its lead time with probability `level`."""
    expected = sum(need.chance * need.quantity for need in needs)
    needed = int(np.searchsorted(np.cumsum(spread(needs)), level)) if needs else 0
    order = max(0, needed - position.total)
    days = lead_time / timedelta(days=1)
    stock = [f"{position.free} free", f"{position.on_order} on order"]
    stock += [f"{position.under_way} under way"] if position.under_way else []
    stock += [f"{position.waited_for} waited for by tickets"] if position.waited_for else []
    why = (
        f"{expected:.1f} expected within {math.ceil(days)} d lead time, {level:.0%} need {needed}, {', '.join(stock)}: "
        + (f"order {order}" if order else "enough")
    )
    return Requirement(expected, needed, order, why)
