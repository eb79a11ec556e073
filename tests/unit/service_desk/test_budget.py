"""Who gets a visit when there are not enough."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from service_desk.budget import Candidate, deferred

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        ticket_id=st.integers(1, 10**6),
        service_centre=st.just("north"),
        week=st.integers(0, 4),
        saving=st.integers(0, 100),
        committed=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.ticket_id,
)


def test_the_costliest_to_leave_go_first() -> None:
    asking = [Candidate(1, "north", 1, 50), Candidate(2, "north", 1, 90), Candidate(3, "north", 1, 70)]
    assert deferred(asking, {"north": 2}, 1) == {1}
    assert deferred(asking, {"north": 0}, 1) == {1, 2, 3}
    assert deferred(asking, {"south": 0}, 1) == frozenset(), "a centre whose capacity nobody told takes all"


def test_a_visit_may_come_in_an_earlier_week_and_not_in_a_past_one() -> None:
    asking = [Candidate(1, "north", 3, 50), Candidate(2, "north", 3, 90), Candidate(3, "north", 2, 70)]
    assert deferred(asking, {"north": 1}, 1) == frozenset()
    assert deferred(asking, {"north": 1}, 2) == {1}
    assert deferred([Candidate(1, "north", 1, 50), Candidate(2, "north", 5, 40)], {"north": 1}, 5) == {2}


def test_what_takes_long_has_to_save_more() -> None:
    asking = [
        Candidate(1, "north", 1, 90, takes=4),
        Candidate(2, "north", 1, 70, takes=2),
        Candidate(3, "north", 1, 60, 2),
    ]
    assert deferred(asking, {"north": 4.5}, 1) == {1}
    assert deferred(asking, {"north": 8}, 1) == frozenset()
    tenths = [Candidate(number, "north", 1, 1, takes=0.1) for number in range(10)]
    assert deferred(tenths, {"north": 1}, 1) == frozenset(), "ten tenths are one, whatever floats say"


def test_what_is_planned_keeps_its_place() -> None:
    asking = [Candidate(1, "north", 1, 50, committed=True), Candidate(2, "north", 1, 90)]
    assert deferred(asking, {"north": 1}, 1) == {2}
    assert deferred(asking, {"north": 0}, 1) == {2}


@given(candidates=CANDIDATES, capacity=st.integers(0, 3), seed=st.integers())
def test_no_choice_saves_more_and_the_order_does_not_matter(
    candidates: list[Candidate], capacity: int, seed: int
) -> None:
    waiting = deferred(candidates, {"north": capacity}, 1)
    asking = [one for one in candidates if not one.committed]
    going = [one for one in asking if one.ticket_id not in waiting]
    planned = [one for one in candidates if one.committed]
    assert waiting <= {one.ticket_id for one in asking}
    assert _fits(going, planned, capacity)
    best = max(
        sum(one.saving for one in some)
        for count in range(len(asking) + 1)
        for some in combinations(asking, count)
        if _fits(some, planned, capacity)
    )
    assert sum(one.saving for one in going) == best
    shuffled = list(candidates)
    Random(seed).shuffle(shuffled)
    assert deferred(shuffled, {"north": capacity}, 1) == waiting


def _fits(some: Sequence[Candidate], planned: Sequence[Candidate], capacity: int) -> bool:
    """Whether each can have a visit from week 1 on and in time beside the planned ones: no deadline is overfull."""
    left = {week: max(0, capacity - sum(max(one.week, 1) == week for one in planned)) for week in range(1, 5)}
    return all(
        sum(max(one.week, 1) <= week for one in some) <= sum(left[earlier] for earlier in range(1, week + 1))
        for week in range(1, 5)
    )
