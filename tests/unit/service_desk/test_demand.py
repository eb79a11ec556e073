"""How many parts a fleet needs: against what can be counted by hand, and against draws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.errors import InvalidInputError
from domain.prediction import CURVE_STEPS, Prediction
from service_desk.demand import Need, Position, Spread, chances_within, check_level, require, spread
from service_desk.policy.renewal import Floats
from service_desk.policy.risk_curve import risk_curve

NOW = datetime(2026, 1, 3, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LEAD = 12 * DAY


def need(*chances: float, quantity: int = 1) -> Need:
    return Need(np.array(chances), quantity)


def whole(pieces: Spread) -> Floats:
    return np.concatenate([np.zeros(pieces.first), pieces.chances])


def test_two_devices_are_counted_by_hand() -> None:
    assert whole(spread([need(0.5), need(0.25, quantity=2)])) == pytest.approx([0.375, 0.375, 0.125, 0.125])


def test_nobody_needs_nothing() -> None:
    assert whole(spread([])) == pytest.approx([1])
    assert whole(spread([need()])) == pytest.approx([1])


@pytest.mark.parametrize("count", [1, 63, 64, 65, 500])
@pytest.mark.parametrize("quantity", [1, 3])
def test_a_fleet_is_what_its_devices_add_up_to_one_by_one(count: int, quantity: int) -> None:
    chances = np.random.default_rng(count).random(count)
    expected = np.ones(1)
    for chance in chances:
        one = np.zeros(quantity + 1)
        one[0], one[-1] = 1 - chance, chance
        expected = np.convolve(expected, one)
    pieces = spread([Need(chances[: count // 3], quantity), Need(chances[count // 3 :], quantity)])
    told = whole(pieces)
    assert told == pytest.approx(expected[: len(told)], abs=1e-14)
    assert expected[len(told) :].sum() < 1e-13
    assert len(pieces.chances) <= count * quantity + 1


def test_a_fleet_agrees_with_draws() -> None:
    chances = np.linspace(0.01, 0.6, 40)
    quantities = 1 + np.arange(40) % 2
    drawn = (np.random.default_rng(1).random((50_000, 40)) < chances) @ quantities
    pieces = whole(spread([Need(chances[::2], 1), Need(chances[1::2], 2)]))
    assert pieces.sum() == pytest.approx(1)
    assert np.arange(len(pieces)) @ pieces == pytest.approx(drawn.mean(), rel=0.01)
    assert abs(int(np.searchsorted(np.cumsum(pieces), 0.95)) - np.quantile(drawn, 0.95)) <= 1


@pytest.mark.parametrize(("chance", "longest"), [(1e-4, 20), (0.5, 900)])
def test_ten_thousand_devices_are_a_short_spread(chance: float, longest: int) -> None:
    pieces = spread([Need(np.full(10_000, chance), 1)])
    assert len(pieces.chances) < longest
    assert pieces.chances.sum() == pytest.approx(1)


def test_the_sum_is_told_in_words() -> None:
    told = require(3.2, 6, Position(free=2, on_order=1), lead_time=LEAD, level=0.95)
    assert told.order == 3
    assert "99.9% need 6" in require(3.2, 6, Position(), lead_time=LEAD, level=0.999).why
    assert told.why == "3.2 expected within 12 d lead time, 95% need 6, 2 free, 1 on order: order 3"


@pytest.mark.parametrize(
    ("position", "order", "end"),
    [
        (Position(), 0, "0 free, 0 on order: enough"),
        (Position(waited_for=2), 2, "0 free, 0 on order, 2 waited for by tickets: order 2"),
        (Position(waited_for=2, on_order=1, under_way=1), 0, "1 under way, 2 waited for by tickets: enough"),
    ],
)
def test_what_tickets_wait_for_is_bought_though_nothing_else_fails(position: Position, order: int, end: str) -> None:
    told = require(0, 0, position, lead_time=LEAD, level=0.95)
    assert told.order == order
    assert told.why.endswith(end)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_probability_is_named(level: float) -> None:
    with pytest.raises(InvalidInputError, match="is not between 0 and 1"):
        check_level(level)


def predictions(*, told: bool) -> list[Prediction]:
    """Of all risks, ages and remaining lives."""
    random = np.random.default_rng(5)
    made = []
    for number in range(60):
        risk = (0.0, 1.0, 1e-6)[number] if number < 3 else float(random.random())
        lives = [float(days) * DAY for days in np.sort(random.gamma(1, 20, 3))]
        low, rul, high = [timedelta()] * 3 if number % 10 == 4 else lives
        curve = np.sort(random.random(CURVE_STEPS)) * risk
        as_of = NOW - float(random.choice([0, 0.1, 3, 7, 30, 400])) * DAY
        failed_by = tuple(float(value) for value in curve) if told else ()
        made.append(Prediction("d", "wear", as_of, (1 + number % 9) * DAY, risk, rul, low, high, (), failed_by))
    return made


def chance_of_one(prediction: Prediction, window: timedelta) -> float:
    """By its risk curve as everybody else draws it, and beyond that one's end with the hazard of its last step."""
    curve = risk_curve(prediction, now=NOW)
    steps, failed_by = window / HOUR / curve.step, curve.failed_by
    if steps <= len(failed_by):
        return float(curve.failed(np.array([window / HOUR]))[0])
    last = (1 - failed_by[-1]) / (1 - failed_by[-2]) if failed_by[-2] < 1 else 0.0
    return float(1 - (1 - failed_by[-1]) * last ** (steps - len(failed_by)))


@pytest.mark.parametrize("told", [True, False])
def test_chances_are_those_of_each_devices_own_risk_curve(told: bool) -> None:
    made = predictions(told=told)
    step = np.array([one.horizon / HOUR / CURVE_STEPS for one in made])
    gone = np.array([(NOW - one.as_of) / HOUR for one in made])
    failed_by = np.array([risk_curve(one).failed_by for one in made])
    before = np.zeros(len(made))
    for days in (0, 0.3, 1, 3, 7, 12, 18, 40, 4000):
        chances = chances_within(failed_by, step=step, gone=gone, window=days * DAY / HOUR)
        assert chances == pytest.approx([chance_of_one(one, days * DAY) for one in made], abs=1e-8)
        assert np.all(chances >= before - 1e-12)
        before = chances
    assert np.all(before <= 1)


def test_the_chance_at_the_horizon_is_the_risk() -> None:
    made = predictions(told=False)
    step = np.array([one.horizon / HOUR / CURVE_STEPS for one in made])
    curves = np.array([risk_curve(one).failed_by for one in made])
    for curve, one, length in zip(curves, made, step, strict=True):
        begin = {"step": np.array([length]), "gone": np.zeros(1)}
        [chance] = chances_within(curve[None], window=one.horizon / HOUR, **begin)
        assert chance == pytest.approx(one.risk, abs=1e-6)
