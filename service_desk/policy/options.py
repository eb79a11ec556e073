"""Which date is cheapest for a visit: the expected cost of every date, for one device or for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from domain.errors import InvalidInputError
from service_desk.policy.renewal import Floats, Integers


class Action(StrEnum):
    """What to do today."""

    ACT_NOW = "act_now"
    JOIN_PLANNED = "at_planned_visit"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """failed_by: probability of having failed by the end of each step from now, each `step` hours long; of many devices
    a row each, and then whatever is asked for some dates has a row each."""

    step: float
    failed_by: Floats

    def __post_init__(self) -> None:
        told = self.failed_by
        if self.step <= 0 or not told.shape[-1] or not _rises(told):
            raise InvalidInputError("a risk curve needs steps of some length, and probabilities that never fall")

    @property
    def end(self) -> float:
        """Hours until its end."""
        return self.step * len(self.failed_by.T)

    def failed(self, hours: Floats) -> Floats:
        """Probability of having failed by each of these dates; beyond the curve's end that at its end."""
        before, share = self._places(hours)
        told = self._from_now()
        begun = told[..., before]
        return np.asarray(begun + (told[..., before + 1] - begun) * share)

    def lost(self, hours: Floats) -> Floats:
        """Expected hours of useful life beyond a visit on each of these dates, as far as the curve tells: what is alive
        on the mean of each step, times its length."""
        before, share = self._places(hours)
        alive = 1 - self._from_now()
        beyond = np.zeros_like(alive)
        lived = (alive[..., 1:] + alive[..., :-1]) * (self.step / 2)
        np.cumsum(lived[..., ::-1], axis=-1, out=beyond[..., -2::-1])
        rest = (1 - self.failed(hours) + alive[..., before + 1]) * ((1 - share) * (self.step / 2))
        return np.asarray(beyond[..., before + 1] + rest)

    def _places(self, hours: Floats) -> tuple[Integers, Floats]:
        """The step that each date lies in, and the share of it that is over by then."""
        steps = self.failed_by.shape[-1]
        places = np.minimum(hours / self.step, steps)
        before = np.minimum(places.astype(np.int64), steps - 1)
        return before, places - before

    def _from_now(self) -> Floats:
        return np.concatenate([np.zeros_like(self.failed_by[..., :1]), self.failed_by], axis=-1)


@dataclass(frozen=True, slots=True)
class Stakes:
    """Minor units: of a planned visit, of an emergency visit with downtime, of the kit that each of them takes, of the
    journey that is saved when someone is there anyway, and of what an emergency costs in contracts. hour_of_life: what
    an hour of the component's useful life is worth, the long-run cost rate of the policy itself (`renewal.learn_rate`).
    """

    visit: int
    emergency: int
    kit: int = 0
    journey: int = 0
    penalty: int = 0
    hour_of_life: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The dates that were compared: a visit as early as the notice allows, `joins` visits that are planned anyway, then
    later dates. hours: from now to each. The others tell of each date the probability of having failed by then, and
    what is expected to be paid for the visit, the emergency, the penalty and the life thrown away, in whole minor
    units. Of many devices a row each."""

    hours: Floats
    joins: int
    kit: int
    failed: Floats
    visit: Floats
    emergency: Floats
    penalty: Floats
    life: Floats

    @property
    def total(self) -> Floats:
        """What each date is expected to cost, the kit included."""
        return self.visit + self.emergency + self.penalty + self.life + self.kit

    def action(self, place: int) -> Action:
        """What the date at that place means."""
        if place == 0:
            return Action.ACT_NOW
        return Action.JOIN_PLANNED if place <= self.joins else Action.WAIT


def choose(curve: RiskCurve, stakes: Stakes, *, notice: float, planned_visits: Sequence[float] = ()) -> Choice:
    """The cheapest date is the earliest of those whose total is least; nobody sets a threshold. Hours count from now.

    notice: how long a visit takes to arrange. Planned visits before then are left out; so are dates beyond the curve.
    Raises InvalidInputError for a negative notice.
    """
    if notice < 0:
        raise InvalidInputError(f"a notice of {notice:g} hours is in the past: give 0 or more")
    joined = [hours for hours in planned_visits if notice <= hours <= curve.end]
    later = np.arange(notice + curve.step, curve.end + curve.step / 2, curve.step)
    hours = np.concatenate([[notice], joined, later])
    visit = np.full(len(hours), float(stakes.visit))
    visit[1 : len(joined) + 1] -= stakes.journey
    failed = curve.failed(hours)
    return Choice(
        hours,
        len(joined),
        stakes.kit,
        failed,
        np.rint(visit * (1 - failed)),
        np.rint(stakes.emergency * failed),
        np.rint(stakes.penalty * failed),
        np.rint(stakes.hour_of_life * curve.lost(hours)),
    )


def _rises(told: Floats) -> bool:
    """From 0 or more to 1 or less; not where a number is missing."""
    return bool(np.all(told[..., 0] >= 0) and np.all(told[..., 1:] >= told[..., :-1]) and np.all(told[..., -1] <= 1))
