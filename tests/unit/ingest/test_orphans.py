from datetime import timedelta
from itertools import islice

import pytest

from ingest.orphans import FreeSlots, slots_to_try


@pytest.fixture
def free_slots():
    """Left behind after 30 s; 15 s without a look begin anew."""
    return FreeSlots(timedelta(seconds=30), longest_gap=timedelta(seconds=15))


def test_a_slot_that_is_free_at_every_look_is_left_behind_after_the_time(free_slots):
    found = [free_slots.look([2], now) for now in range(100, 145, 5)]

    assert found == [[], [], [], [], [], [], [2], [2], [2]]


def test_a_slot_that_was_held_in_between_begins_anew(free_slots):
    for now in (0, 10, 20):
        free_slots.look([1, 2], now)
    free_slots.look([1], 25)

    assert free_slots.look([1, 2], 35) == [1]


def test_looks_before_an_outage_do_not_count(free_slots):
    for now in (0, 10, 20):
        free_slots.look([1], now)

    assert free_slots.look([1], 600) == []
    assert [free_slots.look([1], now) for now in (610, 620, 630)] == [[], [], [1]]


@pytest.mark.parametrize(
    ("used", "preferred", "tried"),
    [
        ([], None, [1, 2, 3, 4]),
        ([3, 1], None, [1, 3, 2, 4]),
        ([1, 2, 3], 2, [2, 1, 3, 4]),
        ([1], 5, [5, 1, 2, 3]),
    ],
)
def test_slots_with_a_session_are_tried_before_new_ones(used, preferred, tried):
    assert list(islice(slots_to_try(used, preferred), 4)) == tried
