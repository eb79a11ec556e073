"""Which predicted failures get a visit when there are more than the technicians can make. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ROUNDING = 1e-6
"""Sums of hours are as good as equal when they are that close."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ticket that asks for a visit. week: the last one in which the visit comes in time, counted from anywhere.
    saving: what the visit saves as expected, in minor units of the currency. takes: of the centre's week, in
    the unit of its capacity: hours, or 1 visit.

    committed: its visit is planned or under way, so it takes its place in its week whatever others would save.
    """

    ticket_id: int
    service_centre: str
    week: int
    saving: int
    takes: float = 1
    committed: bool = False


def deferred(candidates: Iterable[Candidate], capacity: Mapping[str, float], this_week: int) -> frozenset[int]:
    """The tickets that have to wait: at each service centre those choose first whose visit saves most
    for what it takes.

    Each takes the last week with enough left that is not later than its own, and waits when there is none from this
    week on; taking the last one leaves the early ones to those that cannot wait, so that no other choice saves more
    when all take the same (scheduling of unit jobs with deadlines). `capacity`: of a week; a centre that is not in it
    takes all. The same tickets are deferred in whatever order they come: of equal savings the older ticket goes first.
    """
    taken: defaultdict[tuple[str, int], float] = defaultdict(float)
    asking = []
    for candidate in candidates:
        if candidate.committed:
            taken[candidate.service_centre, max(candidate.week, this_week)] += candidate.takes
        elif candidate.service_centre in capacity:
            asking.append(candidate)
    waiting: set[int] = set()
    for candidate in sorted(asking, key=lambda one: (-one.saving / one.takes, one.ticket_id)):
        centre = candidate.service_centre
        most = capacity[centre] - candidate.takes + ROUNDING
        weeks = range(max(candidate.week, this_week), this_week - 1, -1)
        week = next((week for week in weeks if taken[centre, week] <= most), None)
        if week is None:
            waiting.add(candidate.ticket_id)
        else:
            taken[centre, week] += candidate.takes
    return frozenset(waiting)
