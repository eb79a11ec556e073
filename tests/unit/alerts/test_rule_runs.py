"""Rules over made-up readings: what each kind says, and that the order of arrival does not matter."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.device_memory import restore, store_form
from alerts.rule_runs import Finding, Memory, Readings, begin, run
from alerts.rule_state import RuleState
from alerts.rule_steps import fall_silent
from domain.alarm import Severity
from domain.alarm_rule import ActiveHours, AlarmRule, Change, Limit, Silence

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UTC_ZONE = ZoneInfo("UTC")
LATENESS = timedelta(hours=1)
HOT = Limit("t", bound=100, clear=95)


def rule(condition: Limit | Change | Silence = HOT, **options: object) -> AlarmRule:
    return AlarmRule("hot", "Too hot", Severity.MAJOR, condition, **{"patience": 5 * MINUTE, **options})  # type: ignore[arg-type]


def readings(*values: float | None, start: int = 0) -> Readings:
    """One a minute."""
    return [(START + (start + number) * MINUTE, {"t": value}) for number, value in enumerate(values)]


def judge(watched: AlarmRule, *values: float | None, zone: ZoneInfo = UTC_ZONE) -> tuple[Memory, list[Finding]]:
    memory = begin(START)
    return run([watched], memory, memory.now, readings(*values), zone, LATENESS)


def raised(watched: AlarmRule, *values: float | None, zone: ZoneInfo = UTC_ZONE) -> list[int]:
    """Minutes at which it was raised."""
    memory, _ = judge(watched, *values, zone=zone)
    return [(one.raised_at - START) // MINUTE for one in memory.told.get("hot", ())]


def test_a_limit_clears_only_beyond_its_clear_condition() -> None:
    memory, [finding] = judge(rule(), 90, 101, 99, 96, 101, 95)
    assert (finding.new, finding.active) == (1, False)
    assert [one.cleared_at for one in memory.told["hot"]] == [START + 5 * MINUTE]


def test_a_limit_below() -> None:
    assert raised(rule(Limit("t", bound=1, clear=2, above=False)), 3, 0.5, 1.5, 0.5, 2, 0.9) == [1, 5]


def test_a_condition_has_to_last_and_a_gap_breaks_it() -> None:
    lasting = rule(hold=2 * MINUTE)
    assert raised(lasting, 101, 101, 90, 101, 101, 101) == [5]
    memory = begin(START)
    gap = [*readings(101), *readings(101, start=30)]
    assert run([lasting], memory, memory.now, gap, UTC_ZONE, LATENESS)[1] == []


def test_it_has_to_come_so_often_within_so_long() -> None:
    often = rule(times=3, within=4 * MINUTE)
    assert raised(often, 101, 90, 101, 90, 101) == [4]
    assert raised(often, 101, 90, 90, 90, 101, 90, 101) == []
    assert raised(often, 101, 101, 101, 101, 101) == []


def test_what_hovers_about_its_limit_comes_once() -> None:
    assert raised(rule(times=2, within=9 * MINUTE), 101, 99, 101, 99, 101) == []


def test_a_change_is_told_over_its_time() -> None:
    rising = rule(Change(Limit("t", bound=10, clear=5), over=4 * MINUTE))
    assert raised(rising, 20, 22, 24, 26, 31) == [4]
    assert raised(rising, 20, 22, 24, 26, 28, 30, 32) == []
    falling = rule(Change(Limit("t", bound=-10, clear=-5, above=False), over=4 * MINUTE))
    assert raised(falling, 31, 31, 31, 20) == [3]


def test_an_alarm_stays_while_its_condition_comes_and_goes() -> None:
    flapping = [101, 90] * 20
    assert raised(rule(), *flapping) == list(range(0, 40, 2))
    assert raised(rule(clear_after=2 * MINUTE), *flapping) == [0]


def test_a_missing_value_says_nothing() -> None:
    assert raised(rule(), None, float("nan"), 101, None, 101) == [2]


@pytest.mark.parametrize(
    ("instant", "active"),
    [
        ("2026-03-27T07:59:00+01:00", False),
        ("2026-03-27T08:00:00+01:00", True),
        ("2026-03-28T09:00:00+01:00", False),
        ("2026-03-30T08:00:00+02:00", True),
        ("2026-03-30T18:00:00+02:00", False),
    ],
    ids=["before", "from", "Saturday", "summer time", "until"],
)
def test_hours_are_those_of_the_site(instant: str, active: bool) -> None:
    hours = ActiveHours(frozenset(range(5)), time(8), time(18))
    assert hours.covers(datetime.fromisoformat(instant), ZoneInfo("Europe/Berlin")) is active


def test_hours_may_go_over_midnight() -> None:
    night = ActiveHours(frozenset({4}), time(22), time(6))
    friday = datetime(2026, 1, 2, tzinfo=UTC)
    covered = [hour for hour in range(48) if night.covers(friday + timedelta(hours=hour), UTC_ZONE)]
    assert covered == [22, 23, 24, 25, 26, 27, 28, 29]


def test_outside_its_hours_a_rule_raises_nothing() -> None:
    hours = ActiveHours(start=time(0, 3), end=time(0, 5))
    assert raised(rule(hours=hours), 101, 101, 101, 101, 101, 90, 101) == [3]


def test_silence_is_an_alarm_until_something_is_heard() -> None:
    silent = rule(Silence("t", 10 * MINUTE))
    heard = RuleState(seen_at=START)
    assert fall_silent(silent, heard, START + 9 * MINUTE, UTC_ZONE) == heard
    fallen = fall_silent(silent, heard, START + 11 * MINUTE, UTC_ZONE)
    assert (fallen.active, fallen.raised_at) == (True, START + 10 * MINUTE)
    assert raised(silent, 1, 1) == []


VALUES = st.lists(st.sampled_from([90.0, 97.0, 101.0, None]), min_size=1, max_size=40)
RULES = st.sampled_from(
    [
        rule(),
        rule(hold=3 * MINUTE),
        rule(times=2, within=8 * MINUTE),
        rule(clear_after=2 * MINUTE),
        rule(Change(Limit("t", bound=5, clear=2), over=3 * MINUTE)),
    ]
)


@given(watched=RULES, values=VALUES, cuts=st.lists(st.integers(0, 40), max_size=5))
def test_batches_end_where_one_run_ends_and_tell_each_episode_once(
    watched: AlarmRule, values: list[float | None], cuts: list[int]
) -> None:
    whole, _ = judge(watched, *values)
    everything = readings(*values)
    memory, told = begin(START), 0
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(values)], strict=True):
        if part := everything[first:last]:
            memory = restore(store_form(memory))
            memory, findings = run([watched], memory, memory.now, part, UTC_ZONE, LATENESS)
            told += sum(finding.new for finding in findings)
    assert memory.now.states == whole.now.states
    assert told == len(whole.told.get("hot", ()))


@given(watched=RULES, values=VALUES, order=st.randoms(use_true_random=False))
def test_readings_in_any_order_end_in_the_same_state(
    watched: AlarmRule, values: list[float | None], order: object
) -> None:
    whole, _ = judge(watched, *values)
    everything = readings(*values)
    arriving = list(everything)
    order.shuffle(arriving)  # type: ignore[attr-defined]
    memory, stored = begin(START), []
    active = False
    for arrived in arriving:
        stored = sorted([*stored, arrived])
        base = memory.base(arrived[0])
        known = [one for one in stored if one[0] > base.at]
        memory, findings = run([watched], memory, base, known, UTC_ZONE, LATENESS)
        active = findings[-1].active if findings else active
    state = whole.now.states.get("hot", RuleState())
    assert memory.now.states.get("hot", RuleState()) == state
    assert active == state.active
