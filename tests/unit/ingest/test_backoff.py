"""Delays before another try."""

from random import Random

from ingest.backoff import Backoff


def test_delays_double_with_jitter_up_to_the_longest():
    backoff = Backoff(Random(1), first=1.0, longest=8.0)

    delays = [backoff.next() for _ in range(6)]

    for delay, full in zip(delays, (1, 2, 4, 8, 8, 8), strict=True):
        assert full / 2 <= delay <= full


def test_success_begins_with_the_first_delay_again():
    backoff = Backoff(Random(1), first=1.0, longest=8.0)
    for _ in range(5):
        backoff.next()

    backoff.reset()

    assert backoff.next() <= 1.0


def test_two_replicas_do_not_keep_step():
    one, other = Backoff(Random("a")), Backoff(Random("b"))

    assert [one.next() for _ in range(3)] != [other.next() for _ in range(3)]
