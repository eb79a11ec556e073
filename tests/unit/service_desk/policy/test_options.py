"""Which date is cheapest for a visit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.money import Money
from service_desk.policy.options import Action, RiskCurve, Stakes, choose

STAKES = Stakes(Money(100_00, "EUR"), Money(1_000_00, "EUR"), hour_of_life=10.0)
SOUND = RiskCurve(1.0, np.full(50, 1e-9))
FAILING = RiskCurve(1.0, np.linspace(0.02, 1.0, 50))
LATE = RiskCurve(1.0, np.where(np.arange(50) < 30, 0.0, 1.0))


def test_a_sound_device_waits_to_the_end_of_the_curve() -> None:
    choice = choose(SOUND, STAKES, notice=0)
    assert (choice.action, choice.chosen.hours) == (Action.WAIT, 50.0)


def test_a_failing_device_is_visited_as_soon_as_can_be() -> None:
    choice = choose(FAILING, STAKES, notice=5)
    assert (choice.action, choice.chosen.hours) == (Action.ACT_NOW, 5.0)


def test_the_date_is_the_last_before_the_failure() -> None:
    choice = choose(LATE, STAKES, notice=5)
    assert (choice.action, choice.chosen.hours) == (Action.WAIT, 30.0)


def test_a_planned_visit_is_joined_when_that_is_cheaper() -> None:
    cheap = Stakes(STAKES.planned, STAKES.emergency, STAKES.hour_of_life, joined=Money(20_00, "EUR"))
    choice = choose(LATE, cheap, notice=5, planned_visits=[2.0, 25.0])
    assert (choice.action, choice.chosen.hours, len(choice.planned_visits)) == (Action.JOIN_PLANNED, 25.0, 1)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12).map(sorted),
    st.floats(0, 8),
    st.floats(0.5, 3),
    st.floats(0, 500),
)
def test_no_later_date_that_could_be_chosen_costs_less(
    failed_by: list[float], notice: float, step: float, hour_of_life: float
) -> None:
    curve = RiskCurve(step, np.array(failed_by))
    stakes = Stakes(STAKES.planned, STAKES.emergency, hour_of_life)
    later = choose(curve, stakes, notice=notice).later
    dates = np.arange(notice + step, step * len(failed_by) + step / 2, step)
    sums = [choose(curve, stakes, notice=float(date)).now.minor for date in dates]
    assert (later.minor if later else None) == min(sums, default=None)


@pytest.mark.parametrize("hours", [0.0, 0.25, 7.0, 49.5, 50.0, 80.0])
def test_the_life_lost_is_the_area_under_the_curve_of_survival(hours: float) -> None:
    fine = np.linspace(hours, 50.0, 100_001) if hours < 50 else np.array([50.0, 50.0])
    alive = 1 - FAILING.failed(fine)
    assert FAILING.hours_lost(hours) == pytest.approx(((alive[1:] + alive[:-1]) / 2 * np.diff(fine)).sum(), abs=1e-6)


def test_the_rule_of_the_hazard_follows_from_the_costs() -> None:
    hazard = 0.001 * np.arange(1, 51)
    curve = RiskCurve(1.0, 1 - np.cumprod(1 - hazard))
    worth = 450.0
    choice = choose(curve, Stakes(STAKES.planned, STAKES.emergency, worth), notice=0)
    reached = int(np.flatnonzero(hazard >= worth / (STAKES.emergency.minor - STAKES.planned.minor))[0])
    assert abs(choice.chosen.hours - reached) <= 1


def test_the_lines_add_up_and_name_the_sums() -> None:
    now = choose(FAILING, STAKES, notice=5).now
    assert now.minor == sum(line.minor for line in now.lines)
    assert [line.minor for line in now.lines[:2]] == [90_00, 100_00]


@pytest.mark.parametrize("failed_by", [[], [0.5, 0.4], [0.5, 1.5], [-0.1, 0.2], [float("nan")]])
def test_probabilities_that_fall_or_are_none_are_refused(failed_by: list[float]) -> None:
    with pytest.raises(InvalidInputError, match="never fall"):
        RiskCurve(1.0, np.array(failed_by))


def test_a_notice_in_the_past_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="in the past"):
        choose(SOUND, STAKES, notice=-1)
