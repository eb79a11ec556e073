"""Signs of life that are written down, and those that are not."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.sightings import Sightings
from store.devices import News

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = 1_000_000


@pytest.fixture
def sightings():
    sightings = Sightings()
    sightings.due({1: News(0)}, NOON)
    sightings.confirm()
    return sightings


@pytest.mark.parametrize(
    ("news", "after", "is_due"),
    [
        (News(9 * SECOND), 9, False),
        (News(10 * SECOND), 0, True),
        (News(-10 * SECOND), 9, False),
        (News(-10 * SECOND), 10, True),
        (News(0, told=True), 0, True),
    ],
    ids=["soon", "a step of its time", "late data", "late data, heard again", "a status"],
)
def test_a_step_in_either_time_and_every_status_are_due(sightings, news, after, is_due):
    assert sightings.due({1: news}, NOON + timedelta(seconds=after)) == ({1: news} if is_due else {})


def test_what_was_not_committed_stays_due(sightings):
    news = {2: News(0)}

    assert sightings.due(news, NOON) == news
    assert sightings.due(news, NOON) == news
    sightings.confirm()
    assert sightings.due(news, NOON) == {}
