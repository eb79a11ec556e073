"""What a policy costs in the long run."""

from __future__ import annotations

import numpy as np
import pytest

from service_desk.policy.renewal import Prices, WatchedLives, hazard_to_act_at, learn_rate, toll

PRICES = Prices(1.0, 10.0)


def lives_of(*lengths: int, failed: bool = True) -> WatchedLives:
    of_row = np.repeat(np.arange(len(lengths)), lengths)
    age = np.concatenate([np.arange(1.0, length + 1) for length in lengths])
    return WatchedLives(of_row, age, np.array(lengths, dtype=float), np.full(len(lengths), failed), 1.0)


def test_a_visit_before_the_failure_costs_its_price_and_the_life_that_was_left() -> None:
    lives = lives_of(10, 20)
    told = toll(lives, np.array([8.0, np.inf]), PRICES)
    assert (told.cost, told.time, told.failures, told.visits) == (11.0, 28.0, 1, 1)


def test_a_visit_at_the_moment_of_the_failure_is_too_late() -> None:
    assert toll(lives_of(10), np.array([10.0]), PRICES).failures == 1


def test_the_clairvoyant_visits_in_the_last_step() -> None:
    told = toll(lives_of(10, 20), lives_of(10, 20).clairvoyant(), PRICES)
    assert (told.cost, told.time, told.failures) == (2.0, 28.0, 0)


def test_a_life_that_goes_on_has_cost_nothing_yet() -> None:
    lives = lives_of(10, failed=False)
    assert toll(lives, np.array([np.inf]), PRICES).cost == 0
    assert toll(lives, lives.clairvoyant(), PRICES).visits == 0


def test_the_first_reading_that_acts_books_the_visit() -> None:
    lives = lives_of(5, 5)
    acts = np.array([False, False, True, True, False] + [False] * 5)
    assert lives.first_visits(acts, 2.0).tolist() == [5.0, np.inf]


def test_acting_brings_the_rate_that_it_acts_by() -> None:
    lives = lives_of(100, 120)
    left = lives.length[lives.of_row] - lives.age
    hazard = np.exp(-left)
    rate = learn_rate(lives, hazard, 0.0, PRICES)
    acts = hazard >= hazard_to_act_at(rate, PRICES)
    assert toll(lives, lives.first_visits(acts, 0.0), PRICES).rate == pytest.approx(rate)


def test_an_emergency_that_costs_no_more_prevents_nothing() -> None:
    with pytest.raises(ValueError, match="not worth preventing"):
        hazard_to_act_at(0.1, Prices(1.0, 1.0))


def test_some_lives_are_numbered_anew() -> None:
    some = lives_of(2, 3, 4).some(np.array([True, False, True]))
    assert some.of_row.tolist() == [0, 0, 1, 1, 1, 1]
    assert some.length.tolist() == [2.0, 4.0]
