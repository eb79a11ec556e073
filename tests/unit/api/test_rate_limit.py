"""Token buckets."""

from api.rate_limit import BURST_SECONDS, PURGED_FROM, Buckets


def test_a_burst_is_taken_and_then_as_many_as_the_rate_allows() -> None:
    buckets = Buckets(rate=2)
    taken = [buckets.take(b"a", 100.0) for _ in range(2 * BURST_SECONDS)]
    assert taken == [0.0] * len(taken)
    assert buckets.take(b"a", 100.0) == 0.5
    assert buckets.take(b"b", 100.0) == 0.0
    assert buckets.take(b"a", 100.5) == 0.0
    assert buckets.take(b"a", 100.5) > 0


def test_what_was_refused_takes_nothing() -> None:
    buckets = Buckets(rate=1)
    for _ in range(BURST_SECONDS + 100):
        buckets.take(b"a", 0.0)
    assert buckets.take(b"a", 1.0) == 0.0


def test_buckets_that_are_full_again_are_dropped() -> None:
    buckets = Buckets(rate=1)
    for number in range(PURGED_FROM):
        buckets.take(b"%d" % number, 0.0)
    buckets.take(b"late", 2.0)
    assert len(buckets._full_at) == 1
