"""A labelled fleet lived through again under several policies; whatever is learnt is learnt from other devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.failure_timing import fit_timing
from service_desk.policy.renewal import (
    Flags,
    Floats,
    Integers,
    Prices,
    Toll,
    WatchedLives,
    hazard_to_act_at,
    learn_rate,
    toll,
)

RUN_TO_FAILURE = "run to failure"
INTERVAL = "fixed interval, best in hindsight"
THRESHOLD = "threshold, best in hindsight"
LEARNT_THRESHOLD = "threshold of other devices"
POLICY = "this policy"
CLAIRVOYANT = "clairvoyant"
POLICIES = (RUN_TO_FAILURE, INTERVAL, THRESHOLD, LEARNT_THRESHOLD, POLICY, CLAIRVOYANT)
CANDIDATES = 400


@dataclass(frozen=True, slots=True)
class Told:
    """What models that had not seen the device told at each reading: hours left by the model of the whole life (`rul`)
    and by that of its last stretch (`left`), and the uncalibrated risk. fold: of each life, by its device."""

    rul: Floats
    left: Floats
    risk: Floats
    fold: Integers


@dataclass(frozen=True, slots=True)
class Replayed:
    """What each of `POLICIES` came to at these prices and this notice (hours)."""

    prices: Prices
    notice: float
    tolls: Mapping[str, Toll]

    def ratio(self, policy: str) -> float:
        """Cost per time over that of the clairvoyant."""
        return self.tolls[policy].rate / self.tolls[CLAIRVOYANT].rate


def replay(
    lives: WatchedLives, told: Told, prices: Sequence[Prices], notices: Sequence[float], step: float
) -> list[Replayed]:
    """Every combination of prices and notice. step: hours for which a hazard is told."""
    hazards: dict[tuple[int, float], Floats] = {}

    def hazard(fold: int, lead: float) -> Floats:
        if (fold, lead) not in hazards:
            hazards[fold, lead] = _hazard(lives, told, told.fold != fold, step, lead)
        return hazards[fold, lead]

    candidates = _candidates(lives, told.rul)
    return [Replayed(price, notice, _tolls(lives, told, price, notice, hazard, candidates))
            for price in prices for notice in notices]  # fmt: skip


def _tolls(
    lives: WatchedLives,
    told: Told,
    prices: Prices,
    notice: float,
    hazard: Callable[[int, float], Floats],
    candidates: Floats,
) -> dict[str, Toll]:
    everyone = np.ones(len(lives.length), dtype=bool)
    never = np.full(len(lives.length), np.inf)
    learnt_threshold, policy = [], []
    for fold in np.unique(told.fold):
        mine = told.fold == fold
        visits = candidates[_cheapest(lives, candidates, notice, prices, ~mine)] + notice
        learnt_threshold.append(_toll_of(lives, visits, prices, mine))
        policy.append(_act(lives, hazard(int(fold), notice), notice, prices, ~mine, mine))
    best = candidates[_cheapest(lives, candidates, notice, prices, everyone)] + notice
    return {
        RUN_TO_FAILURE: toll(lives, never, prices),
        INTERVAL: _best_interval(lives, prices),
        THRESHOLD: toll(lives, best, prices),
        LEARNT_THRESHOLD: _sum(learnt_threshold),
        POLICY: _sum(policy),
        CLAIRVOYANT: toll(lives, lives.clairvoyant(), prices),
    }


def _hazard(lives: WatchedLives, told: Told, learn: Flags, step: float, lead: float) -> Floats:
    rows, truth = learn[lives.of_row], lives.length[lives.of_row] - lives.age
    timing = fit_timing(
        told.left[rows], told.risk[rows], truth[rows], lives.failed[lives.of_row][rows], step=step, lead=lead
    )
    return timing.hazard(told.left, told.risk) / step


def _act(lives: WatchedLives, hazard: Floats, lead: float, prices: Prices, learn: Flags, judge: Flags) -> Toll:
    rate = learn_rate(lives.some(learn), hazard[learn[lives.of_row]], lead, prices)
    acts = hazard >= hazard_to_act_at(rate, prices)
    return _toll_of(lives, lives.first_visits(acts, lead), prices, judge)


def _candidates(lives: WatchedLives, rul: Floats) -> Floats:
    """Per threshold and life the age at which the remaining life is first told as short as the threshold."""
    thresholds = np.unique(np.quantile(rul, np.linspace(0, 1, CANDIDATES) ** 2))
    return np.stack([lives.first_visits(rul <= threshold, 0.0) for threshold in thresholds])


def _cheapest(lives: WatchedLives, candidates: Floats, notice: float, prices: Prices, judge: Flags) -> int:
    return int(np.argmin([_toll_of(lives, ages + notice, prices, judge).rate for ages in candidates]))


def _best_interval(lives: WatchedLives, prices: Prices) -> Toll:
    ages = np.arange(lives.step, lives.length.max(), max(lives.step, lives.length.max() / 1000))
    tolls = [toll(lives, np.full(len(lives.length), age), prices) for age in ages]
    return min(tolls, key=lambda one: one.rate)


def _toll_of(lives: WatchedLives, visits: Floats, prices: Prices, judge: Flags) -> Toll:
    chosen = WatchedLives(lives.of_row, lives.age, lives.length[judge], lives.failed[judge], lives.step)
    return toll(chosen, visits[judge], prices)


def _sum(tolls: Sequence[Toll]) -> Toll:
    total = tolls[0]
    for one in tolls[1:]:
        total += one
    return total
