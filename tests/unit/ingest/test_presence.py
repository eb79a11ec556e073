"""When silence means that a device has gone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.device import Connectivity
from ingest.presence import judge
from store.presence import GRACE, Change, Listening, Signs, ToldBy

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONLINE = Signs(1, HOUR, Connectivity.ONLINE, NOON - 9 * HOUR, ToldBy.STATUS, heard_at=NOON, heard_every=HOUR)
ALLOWED = 3 * HOUR + GRACE


def listened(until, since=NOON - 24 * HOUR):
    return Listening(since, until)


def test_a_device_is_silent_after_three_intervals_and_a_grace():
    assert judge(ONLINE, listened(NOON + ALLOWED)) is None
    assert judge(ONLINE, listened(NOON + 9 * HOUR)) == Change(1, NOON + ALLOWED, Connectivity.OFFLINE, ToldBy.SILENCE)


def test_the_verdict_does_not_depend_on_when_it_is_given():
    verdicts = {judge(ONLINE, listened(NOON + hours * HOUR)) for hours in (4, 5, 50)}

    assert len(verdicts) == 1


def test_silence_while_ingest_was_away_does_not_count():
    back = NOON + 5 * HOUR

    assert judge(ONLINE, listened(back + ALLOWED, since=back)) is None
    assert judge(ONLINE, listened(back + ALLOWED + HOUR, since=back)) == Change(
        1, back + ALLOWED, Connectivity.OFFLINE, ToldBy.SILENCE
    )


def test_a_device_with_longer_habits_than_its_catalog_is_given_its_own_time():
    assert judge(replace(ONLINE, heard_every=6 * HOUR), listened(NOON + 18 * HOUR)) is None
    assert judge(replace(ONLINE, heard_every=timedelta(seconds=1)), listened(NOON + 3 * HOUR)) is None


def test_a_device_that_was_never_judged_is_online_when_it_was_heard_lately():
    unknown = replace(ONLINE, connectivity=Connectivity.UNKNOWN, connectivity_at=None, connectivity_by=None)

    assert judge(unknown, listened(NOON + HOUR)) == Change(1, NOON, Connectivity.ONLINE, ToldBy.MESSAGES)
    assert judge(unknown, listened(NOON + 9 * HOUR)).state is Connectivity.OFFLINE
    assert judge(replace(unknown, heard_at=None), listened(NOON + 9 * HOUR)) is None


@pytest.mark.parametrize("by", [ToldBy.WILL, ToldBy.STATUS])
def test_a_message_that_was_under_way_does_not_bring_back_a_device_that_went(by):
    gone = replace(ONLINE, connectivity=Connectivity.OFFLINE, connectivity_at=NOON, connectivity_by=by)

    assert judge(replace(gone, heard_at=NOON + GRACE), listened(NOON + HOUR)) is None
    assert judge(replace(gone, heard_at=NOON + GRACE + timedelta(seconds=1)), listened(NOON + HOUR)) == Change(
        1, NOON + GRACE + timedelta(seconds=1), Connectivity.ONLINE, ToldBy.MESSAGES
    )


def test_a_silent_device_is_back_with_its_next_message():
    silent = replace(ONLINE, connectivity=Connectivity.OFFLINE, connectivity_at=NOON, connectivity_by=ToldBy.SILENCE)

    assert judge(silent, listened(NOON + HOUR)) is None
    assert judge(replace(silent, heard_at=NOON + HOUR), listened(NOON + HOUR)).state is Connectivity.ONLINE


@pytest.mark.parametrize("state", [Connectivity.ONLINE, Connectivity.UNKNOWN])
def test_a_will_is_believed_when_the_device_had_time_to_come_back(state):
    gone = replace(ONLINE, connectivity=state, gone_at=NOON, heard_at=NOON + GRACE / 2)

    assert judge(gone, listened(NOON + GRACE)) is None
    assert judge(gone, listened(NOON + GRACE + timedelta(seconds=1))) == Change(
        1, NOON, Connectivity.OFFLINE, ToldBy.WILL
    )


def test_a_will_is_not_believed_of_a_device_that_is_heard_well_after_it():
    heard_at = NOON + GRACE / 2 + timedelta(seconds=1)

    assert judge(replace(ONLINE, gone_at=NOON, heard_at=heard_at), listened(NOON + HOUR)) == Change(
        1, heard_at, Connectivity.ONLINE, ToldBy.MESSAGES
    )
