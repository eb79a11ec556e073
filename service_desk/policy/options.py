"""Which date is cheapest for a visit: the expected cost of every date, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from domain.errors import InvalidInputError
from domain.money import Money
from domain.ticket import DecisionLine
from service_desk.policy.renewal import Floats


class Action(StrEnum):
    """What to do today."""

    ACT_NOW = "act_now"
    JOIN_PLANNED = "at_planned_visit"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """failed_by: probability of having failed by the end of each step from now, each `step` hours long."""

    step: float
    failed_by: Floats

    def __post_init__(self) -> None:
        told = self.failed_by
        if self.step <= 0 or not len(told) or not np.all(np.diff(np.concatenate([[0.0], told, [1.0]])) >= 0):
            raise InvalidInputError("a risk curve needs steps of some length, and probabilities that never fall")

    def at(self, hours: float) -> float:
        """Probability of having failed by then; beyond the curve's end that at its end."""
        return float(self.failed(np.array([hours]))[0])

    def failed(self, hours: Floats) -> Floats:
        """`at` of each."""
        told: Floats = np.interp(hours, self._ends(), self._from_now())
        return told

    def hours_lost(self, hours: float) -> float:
        """Expected useful life beyond a visit then, as far as the curve tells."""
        return float(self.lost(np.array([hours]))[0])

    def lost(self, hours: Floats) -> Floats:
        """`hours_lost` of each: what is alive on the mean of each step, times its length."""
        ends, alive = self._ends(), 1 - self._from_now()
        beyond = np.append(np.cumsum(((alive[1:] + alive[:-1]) / 2 * self.step)[::-1])[::-1], 0.0)
        visit = np.minimum(hours, ends[-1])
        following = np.minimum(np.searchsorted(ends, visit, side="right"), len(ends) - 1)
        begun = (1 - self.failed(visit) + alive[following]) / 2 * (ends[following] - visit)
        told: Floats = (beyond[following] + begun).astype(np.float64, copy=False)
        return told

    def _ends(self) -> Floats:
        return self.step * np.arange(len(self.failed_by) + 1, dtype=np.float64)

    def _from_now(self) -> Floats:
        return np.concatenate([[0.0], self.failed_by])


@dataclass(frozen=True, slots=True)
class Stakes:
    """What a visit with its parts costs, what a failure costs with all that it brings, and what an hour of the
    component's useful life is worth: the long-run cost rate of the policy itself, see `renewal.learn_rate`.

    joined: what the visit costs when it is done on one that is planned anyway.
    """

    planned: Money
    emergency: Money
    hour_of_life: float
    joined: Money | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One date: hours from now, and what it is expected to cost."""

    hours: float
    lines: Sequence[DecisionLine]

    @property
    def minor(self) -> int:
        """The sum in minor units."""
        return sum(line.minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Choice:
    """The cheapest option, and those it was compared with: a visit as early as the notice allows, the planned visits,
    and the best later date."""

    action: Action
    chosen: Option
    now: Option
    planned_visits: Sequence[Option]
    later: Option | None


def choose(curve: RiskCurve, stakes: Stakes, *, notice: float, planned_visits: Sequence[float] = ()) -> Choice:
    """Act now when no later date is cheaper; nobody sets a threshold. Hours count from now.

    notice: how long a visit takes to arrange. Planned visits before then are left out; so are dates beyond the curve.
    Raises InvalidInputError for a negative notice.
    """
    if notice < 0:
        raise InvalidInputError(f"a notice of {notice:g} hours is in the past: give 0 or more")
    end = curve.step * len(curve.failed_by)
    now = _option(curve, stakes, notice, stakes.planned)
    dates = np.arange(notice + curve.step, end + curve.step / 2, curve.step)
    later = _option(curve, stakes, _cheapest(curve, stakes, dates), stakes.planned) if len(dates) else None
    joined = stakes.joined or stakes.planned
    planned = [_option(curve, stakes, hours, joined) for hours in planned_visits if notice <= hours <= end]
    best = min((option for option in (now, *planned, later) if option), key=_minor)
    if best is now:
        return Choice(Action.ACT_NOW, best, now, planned, later)
    return Choice(Action.WAIT if best is later else Action.JOIN_PLANNED, best, now, planned, later)


def _cheapest(curve: RiskCurve, stakes: Stakes, dates: Floats) -> float:
    """The earliest of those whose `_option` costs least."""
    failed = curve.failed(dates)
    visits, emergencies = stakes.planned.minor * (1 - failed), stakes.emergency.minor * failed
    lives = stakes.hour_of_life * curve.lost(dates)
    return float(dates[np.argmin(np.rint(visits) + np.rint(emergencies) + np.rint(lives))])


def _option(curve: RiskCurve, stakes: Stakes, hours: float, visit: Money) -> Option:
    failed = curve.at(hours)
    lost = Money(round(stakes.hour_of_life * curve.hours_lost(hours)), visit.currency)
    return Option(
        hours,
        (
            DecisionLine(f"Planned visit before the failure, {1 - failed:.1%}", visit.times(1 - failed).minor),
            DecisionLine(f"Emergency, {failed:.1%}", stakes.emergency.times(failed).minor),
            DecisionLine("Useful life thrown away", lost.minor),
        ),
    )


def _minor(option: Option) -> int:
    return option.minor
