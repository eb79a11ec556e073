"""Who gets a visit when there are not enough."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alerts.budget import Candidate, deferred

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        alarm_id=st.integers(1, 10**6),
        service_centre=st.sampled_from(["north", "south"]),
        week=st.integers(1, 2),
        saving=st.integers(-100, 100),
        committed=st.booleans(),
    ),
    max_size=30,
    unique_by=lambda one: one.alarm_id,
)


def test_the_costliest_to_leave_go_first() -> None:
    asking = [Candidate(1, "north", 1, 50), Candidate(2, "north", 1, 90), Candidate(3, "north", 1, 70)]
    assert deferred(asking, {"north": 2}) == {1}
    assert deferred(asking, {"north": 0}) == {1, 2, 3}
    assert deferred(asking, {"south": 0}) == frozenset(), "a centre whose capacity nobody told takes all"


def test_what_is_planned_keeps_its_place() -> None:
    asking = [Candidate(1, "north", 1, 50, committed=True), Candidate(2, "north", 1, 90)]
    assert deferred(asking, {"north": 1}) == {2}
    assert deferred(asking, {"north": 0}) == {2}


@given(candidates=CANDIDATES, capacity=st.integers(0, 12), seed=st.integers())
def test_no_week_is_overbooked_nobody_waits_for_less_and_order_does_not_matter(
    candidates: list[Candidate], capacity: int, seed: int
) -> None:
    capacities = {"north": capacity, "south": capacity}
    waiting = deferred(candidates, capacities)
    for centre in capacities:
        for week in (1, 2):
            asking = [one for one in candidates if (one.service_centre, one.week) == (centre, week)]
            going = [one for one in asking if one.alarm_id not in waiting]
            assert len(going) <= max(capacity, sum(one.committed for one in asking))
            left = [one.saving for one in asking if one.alarm_id in waiting]
            assert not left or len(going) >= capacity
            assert min((one.saving for one in going if not one.committed), default=100) >= max(left, default=-100)
    shuffled = list(candidates)
    Random(seed).shuffle(shuffled)
    assert deferred(shuffled, capacities) == waiting
