"""Which date is cheapest for a visit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from service_desk.policy.options import Action, Choice, RiskCurve, Stakes, choose

STAKES = Stakes(visit=100_00, emergency=1_000_00, hour_of_life=10.0)
SOUND = RiskCurve(1.0, np.full(50, 1e-9))
FAILING = RiskCurve(1.0, np.linspace(0.02, 1.0, 50))
LATE = RiskCurve(1.0, np.where(np.arange(50) < 30, 0.0, 1.0))


def best(choice: Choice) -> tuple[Action, float]:
    """What to do, and hours until then."""
    place = int(choice.total.argmin())
    return choice.action(place), float(choice.hours[place])


def test_a_sound_device_waits_to_the_end_of_the_curve() -> None:
    choice = choose(SOUND, STAKES, notice=0)
    assert best(choice) == (Action.WAIT, 50.0)


def test_a_failing_device_is_visited_as_soon_as_can_be() -> None:
    choice = choose(FAILING, STAKES, notice=5)
    assert best(choice) == (Action.ACT_NOW, 5.0)


def test_the_date_is_the_last_before_the_failure() -> None:
    choice = choose(LATE, STAKES, notice=5)
    assert best(choice) == (Action.WAIT, 30.0)


def test_a_planned_visit_is_joined_when_that_is_cheaper() -> None:
    cheap = replace(STAKES, journey=80_00)
    choice = choose(LATE, cheap, notice=5, planned_visits=[2.0, 25.0])
    assert best(choice) == (Action.JOIN_PLANNED, 25.0)
    assert choice.joins == 1


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=7, max_size=7).map(sorted), min_size=1, max_size=5),
    st.floats(0, 8),
    st.floats(0.5, 3),
    st.floats(0, 500),
)
def test_many_devices_at_once_are_told_what_each_is_told_alone(
    failed_by: list[list[float]], notice: float, step: float, hour_of_life: float
) -> None:
    stakes = Stakes(100_00, 1_000_00, kit=33, journey=7, penalty=5_000, hour_of_life=hour_of_life)
    many = choose(RiskCurve(step, np.array(failed_by)), stakes, notice=notice, planned_visits=[notice, 9.5])
    for device, curve in enumerate(failed_by):
        alone = choose(RiskCurve(step, np.array(curve)), stakes, notice=notice, planned_visits=[notice, 9.5])
        assert alone.hours.tolist() == many.hours.tolist()
        assert alone.total.tolist() == many.total[device].tolist()


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12).map(sorted),
    st.floats(0, 8),
    st.floats(0.5, 3),
    st.floats(0, 500),
)
def test_each_date_costs_what_its_probability_and_lost_life_say(
    failed_by: list[float], notice: float, step: float, hour_of_life: float
) -> None:
    curve, stakes = RiskCurve(step, np.array(failed_by)), replace(STAKES, hour_of_life=hour_of_life)
    choice = choose(curve, stakes, notice=notice)
    ends = step * np.arange(len(failed_by) + 1)
    for hours, total in zip(choice.hours, choice.total, strict=True):
        fine = np.union1d(ends[ends > hours], np.minimum(hours, ends[-1]))
        alive = 1 - np.interp(fine, ends, [0.0, *failed_by])
        failed, lost = np.interp(hours, ends, [0.0, *failed_by]), np.trapezoid(alive, fine)
        expected = stakes.visit * (1 - failed) + stakes.emergency * failed + hour_of_life * lost
        assert total == pytest.approx(expected, abs=1.5 + 1e-9 * expected)


@pytest.mark.parametrize("hours", [0.0, 0.25, 7.0, 49.5, 50.0, 80.0])
def test_the_life_lost_is_the_area_under_the_curve_of_survival(hours: float) -> None:
    fine = np.linspace(hours, 50.0, 100_001) if hours < 50 else np.array([50.0, 50.0])
    alive = 1 - FAILING.failed(fine)
    assert FAILING.lost(np.array([hours]))[0] == pytest.approx(
        ((alive[1:] + alive[:-1]) / 2 * np.diff(fine)).sum(), abs=1e-6
    )


def test_the_rule_of_the_hazard_follows_from_the_costs() -> None:
    hazard = 0.001 * np.arange(1, 51)
    curve = RiskCurve(1.0, 1 - np.cumprod(1 - hazard))
    worth = 450.0
    _, hours = best(choose(curve, replace(STAKES, hour_of_life=worth), notice=0))
    reached = int(np.flatnonzero(hazard >= worth / (STAKES.emergency - STAKES.visit))[0])
    assert abs(hours - reached) <= 1


def test_the_sums_add_up() -> None:
    choice = choose(FAILING, replace(STAKES, kit=7_00, penalty=50_00), notice=5)
    assert (choice.visit[0], choice.emergency[0], choice.penalty[0]) == (90_00, 100_00, 5_00)
    assert choice.total[0] == 90_00 + 100_00 + 5_00 + 7_00 + choice.life[0]


@pytest.mark.parametrize("failed_by", [[], [0.5, 0.4], [0.5, 1.5], [-0.1, 0.2], [float("nan")]])
def test_probabilities_that_fall_or_are_none_are_refused(failed_by: list[float]) -> None:
    with pytest.raises(InvalidInputError, match="never fall"):
        RiskCurve(1.0, np.array(failed_by))


def test_a_notice_in_the_past_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="in the past"):
        choose(SOUND, STAKES, notice=-1)
