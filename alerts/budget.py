"""Which predicted failures get a visit when there are more than the technicians can make. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alarm that asks for a visit. saving: what the visit saves as expected, in minor units of the currency.

    committed: its visit is planned or under way, so it takes its place whatever others would save.
    """

    alarm_id: int
    service_centre: str
    week: int
    saving: int
    committed: bool = False


def deferred(candidates: Iterable[Candidate], capacity: Mapping[str, int]) -> frozenset[int]:
    """The alarms that have to wait: of each service centre and week the costliest to leave go first, as many as there
    are visits in `capacity`; a centre that is not in it takes all.

    The same alarms are deferred in whatever order they come: of equal savings the older alarm goes first.
    """
    weeks: defaultdict[tuple[str, int], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        weeks[candidate.service_centre, candidate.week].append(candidate)
    waiting: set[int] = set()
    for (service_centre, _), asking in weeks.items():
        ranked = sorted(asking, key=lambda one: (not one.committed, -one.saving, one.alarm_id))
        beyond = ranked[max(0, capacity.get(service_centre, len(ranked))) :]
        waiting.update(one.alarm_id for one in beyond if not one.committed)
    return frozenset(waiting)
