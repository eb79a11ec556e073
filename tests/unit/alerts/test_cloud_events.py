"""Changes as CloudEvents."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from alerts import cloud_events
from alerts.cloud_events import event_of
from store.outbox import FeedEntry

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
REQUIRED = {"specversion", "id", "source", "type"}


def entry(number: int, subject_id: int = 17) -> FeedEntry:
    return FeedEntry(number, "alarm", subject_id, 3, {"change": "raised", "message": "zu heiß"}, AT)


def test_a_change_is_an_event_with_the_attributes_that_the_page_on_delivery_shows() -> None:
    event = json.loads(event_of(entry(4711), "/aftercare"))
    assert event == {
        "specversion": "1.0",
        "id": "4711",
        "source": "/aftercare",
        "type": "aftercare.alarm.raised",
        "subject": "alarms/17",
        "time": "2026-03-01T08:00:00+00:00",
        "datacontenttype": "application/json",
        "sequence": "0000000000000004711",
        "partitionkey": "alarm-17",
        "data": {"change": "raised", "message": "zu heiß"},
    }


@given(one=st.integers(1, 2**63 - 1), other=st.integers(1, 2**63 - 1))
def test_the_sequence_sorts_as_text_as_the_feed_does(one: int, other: int) -> None:
    texts = [json.loads(event_of(entry(number), "/a"))["sequence"] for number in (one, other)]
    assert (texts[0] < texts[1]) == (one < other)


def test_attribute_names_are_those_that_the_standard_allows() -> None:
    for event in (json.loads(event_of(entry(1), "/a")), json.loads(cloud_events.test_event("/a", "test-1", AT))):
        assert event.keys() >= REQUIRED
        assert all(name.isascii() and name.isalnum() and name.islower() and len(name) <= 20 for name in event)


def test_a_trial_is_an_event_of_its_own_type_with_the_instant_in_its_zone() -> None:
    event = json.loads(cloud_events.test_event("/a", "test-1", AT.astimezone(timezone(timedelta(hours=1)))))
    assert (event["type"], event["id"], event["time"]) == ("aftercare.test", "test-1", "2026-03-01T09:00:00+01:00")
