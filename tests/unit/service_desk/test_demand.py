"""How many parts a fleet needs: against what can be counted by hand, and against draws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.errors import InvalidInputError
from domain.prediction import Prediction
from service_desk.demand import Need, Position, chance_within, check_level, require, spread

NOW = datetime(2026, 1, 3, tzinfo=UTC)
DAY = timedelta(days=1)
LEAD = 12 * DAY


def prediction(risk: float, rul_days: float = 20) -> Prediction:
    lives = (rul_days * DAY * factor for factor in (1, 0.5, 2))
    return Prediction("d", "wear", NOW, 7 * DAY, risk, *lives)


def test_two_devices_are_counted_by_hand() -> None:
    pieces = spread([Need(0.5, 1), Need(0.25, 2)])
    assert pieces == pytest.approx([0.375, 0.375, 0.125, 0.125])


def test_a_fleet_agrees_with_draws() -> None:
    chances = np.linspace(0.01, 0.6, 40)
    needs = [Need(float(chance), 1 + number % 2) for number, chance in enumerate(chances)]
    drawn = (np.random.default_rng(1).random((50_000, 40)) < chances) @ np.array([need.quantity for need in needs])
    pieces = spread(needs)
    assert pieces.sum() == pytest.approx(1)
    assert np.arange(len(pieces)) @ pieces == pytest.approx(drawn.mean(), rel=0.01)
    assert abs(int(np.searchsorted(np.cumsum(pieces), 0.95)) - np.quantile(drawn, 0.95)) <= 1


def test_ten_thousand_devices_that_hardly_fail_are_a_short_spread() -> None:
    assert len(spread([Need(1e-4, 1)] * 10_000)) < 20


def test_the_sum_is_told_in_words() -> None:
    needs = [Need(0.4, 1)] * 8
    told = require(needs, Position(free=2, on_order=1), lead_time=LEAD, level=0.95)
    assert (told.needed, told.order) == (5 + (told.needed > 5), told.needed - 3)
    assert told.why == (
        f"3.2 expected within 12 d lead time, 95% need {told.needed}, 2 free, 1 on order: order {told.order}"
    )


@pytest.mark.parametrize(
    ("position", "order", "end"),
    [
        (Position(), 0, "0 free, 0 on order: enough"),
        (Position(waited_for=2), 2, "0 free, 0 on order, 2 waited for by tickets: order 2"),
        (Position(waited_for=2, on_order=1, under_way=1), 0, "1 under way, 2 waited for by tickets: enough"),
    ],
)
def test_what_tickets_wait_for_is_bought_though_nothing_else_fails(position: Position, order: int, end: str) -> None:
    told = require([], position, lead_time=LEAD, level=0.95)
    assert told.order == order
    assert told.why.endswith(end)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_probability_is_named(level: float) -> None:
    with pytest.raises(InvalidInputError, match="is not between 0 and 1"):
        check_level(level)


def test_the_chance_at_the_horizon_is_the_risk_and_grows_with_the_window() -> None:
    told = prediction(0.3)
    assert chance_within(told, 7 * DAY, now=NOW) == pytest.approx(0.3)
    chances = [chance_within(told, days * DAY, now=NOW) for days in (0, 3, 7, 14, 15, 40, 4000)]
    assert chances == sorted(chances)
    assert chances[0] == 0
    assert chances[-1] <= 1


def test_a_failure_that_is_certain_stays_so() -> None:
    assert chance_within(prediction(1.0, 1), 90 * DAY, now=NOW) == pytest.approx(1)
