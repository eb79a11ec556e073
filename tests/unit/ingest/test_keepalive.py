"""Pings, and when silence means that the broker is gone."""

import pytest

from ingest.keepalive import Keepalive


@pytest.fixture
def keepalive():
    return Keepalive(60, sent=0, heard=0)


def test_a_ping_goes_out_after_half_the_interval_and_not_before(keepalive):
    assert not keepalive.ping_is_due(29, listening=True)
    assert keepalive.ping_is_due(30, listening=True)
    assert not keepalive.ping_is_due(31, listening=True)


def test_the_broker_hears_from_us_even_while_it_keeps_us_busy(keepalive):
    keepalive.note_heard(29)

    assert keepalive.ping_is_due(30, listening=True)


def test_an_unanswered_ping_is_a_lost_broker(keepalive):
    keepalive.ping_is_due(30, listening=True)

    assert not keepalive.is_lost(59)
    assert keepalive.is_lost(60)


def test_any_word_of_the_broker_is_an_answer(keepalive):
    keepalive.ping_is_due(30, listening=True)
    keepalive.note_heard(31)

    assert not keepalive.is_lost(1000)


def test_while_nothing_is_read_pings_go_on_and_silence_proves_nothing(keepalive):
    pings = [now for now in range(1000) if keepalive.ping_is_due(now, listening=False)]

    assert pings == list(range(30, 1000, 30))
    assert not keepalive.is_lost(1000)


def test_who_listens_again_grants_the_broker_time_to_answer(keepalive):
    keepalive.ping_is_due(30, listening=True)
    keepalive.ping_is_due(59, listening=False)

    assert keepalive.ping_is_due(500, listening=True)
    assert not keepalive.is_lost(529)
    assert keepalive.is_lost(530)
