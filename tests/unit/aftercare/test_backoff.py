"""When a crashed process is started again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aftercare.backoff import BackOff

SHORT = timedelta(seconds=1)


def test_waits_double_up_to_the_cap():
    back_off = BackOff(first=timedelta(seconds=1), cap=timedelta(seconds=5))

    assert [back_off.delay(crashes, 0).total_seconds() for crashes in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]


@given(crashes=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_jitter_takes_away_at_most_half(crashes, chance):
    back_off = BackOff()

    longest = back_off.delay(crashes, 0)

    assert longest / 2 <= back_off.delay(crashes, chance) <= longest <= back_off.cap


def test_crashes_add_up_until_a_run_was_stable():
    back_off = BackOff(stable=timedelta(seconds=30))

    assert back_off.crashes_in_a_row(3, SHORT) == 4
    assert back_off.crashes_in_a_row(3, timedelta(seconds=30)) == 1
