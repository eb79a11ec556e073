"""What claims to come from the future."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.device import Connectivity, DeviceEvent, DeviceStatus, EventKind
from domain.device_time import to_microseconds
from ingest.clock_check import horizon_of, refusal
from ingest.codecs import Decoded, Sample

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TOLERANCE = timedelta(minutes=5)
BEFORE = horizon_of(lambda: NOON, TOLERANCE)()


def decoded(at):
    return [
        Decoded("a", samples=[Sample(to_microseconds(NOON), {"x": 1.0}), Sample(to_microseconds(at), {"x": 1.0})]),
        Decoded("a", events=[DeviceEvent("a", at, EventKind.LOG)]),
        Decoded("a", statuses=[DeviceStatus("a", at, Connectivity.ONLINE)]),
    ]


@pytest.mark.parametrize("at", [NOON + TOLERANCE, NOON, datetime(1990, 1, 1, tzinfo=UTC)])
def test_within_the_tolerance_and_in_the_past_everything_is_taken(at):
    assert [refusal(one, BEFORE) for one in decoded(at)] == [None] * 3


def test_beyond_the_tolerance_reading_event_and_status_are_refused():
    for one in decoded(NOON + TOLERANCE + timedelta(microseconds=1)):
        error = refusal(one, BEFORE)
        assert error is not None
        assert error.label == "future"
        assert "2026-01-31T12:05:00+00:00 lies in the future" in str(error)


def test_a_message_that_says_nothing_is_not_from_the_future():
    assert refusal(Decoded("a"), BEFORE) is None
