"""What answers mean, and how long is waited after them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.answers import Verdict, judge, wait_after_failures, wait_after_refusals


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (202, Verdict.DELIVERED),
        (304, Verdict.AWAY),
        (400, Verdict.REFUSED),
        (401, Verdict.AWAY),
        (404, Verdict.AWAY),
        (410, Verdict.GONE),
        (422, Verdict.REFUSED),
        (429, Verdict.AWAY),
        (500, Verdict.AWAY),
    ],
)
def test_a_status_tells_whether_the_message_or_the_receiver_is_wrong(status: int, verdict: Verdict) -> None:
    assert judge(status).verdict is verdict


def test_a_receiver_may_ask_for_time_but_not_for_ever() -> None:
    assert judge(503, "120").retry_after == timedelta(minutes=2)
    assert judge(503, "999999").retry_after == timedelta(hours=1)
    for nonsense in ("", "soon", "-5", "²"):
        assert judge(503, nonsense).retry_after == timedelta(0)


def test_waits_double_up_to_a_minute_with_jitter() -> None:
    assert [wait_after_failures(n, 0).total_seconds() for n in (1, 2, 3, 7, 5000)] == [1, 2, 4, 60, 60]
    assert wait_after_failures(7, 0.999) > timedelta(seconds=30)
    assert [wait_after_refusals(n).total_seconds() for n in (1, 2, 3, 4)] == [5, 30, 180, 1080]
