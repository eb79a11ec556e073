"""A labelled fleet lived through again under several policies; whatever is learnt is learnt from other devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.device_model import DeviceModel, FailureMode
from models.hazard_curve import HazardCurve, average_left, learn_curve
from models.lives import Lives
from models.out_of_fold import Told
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
class Fleet:
    """Lives as they were watched, and what models told at each reading that had not seen the device. fold: of each
    life, by its device."""

    device_model: DeviceModel
    mode: FailureMode
    lives: Lives
    watched: WatchedLives
    told: Told
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


def replay(fleet: Fleet, prices: Sequence[Prices], notices: Sequence[float]) -> list[Replayed]:
    """Every combination of prices and notice (hours)."""
    lives, hazards = fleet.watched, {int(fold): _hazards(fleet, int(fold), notices) for fold in np.unique(fleet.fold)}
    candidates = _candidates(lives, fleet.told.rul)
    return [
        Replayed(
            price, notice, _tolls(fleet, price, notice, {fold: h[:, at] for fold, h in hazards.items()}, candidates)
        )
        for price in prices
        for at, notice in enumerate(notices)
    ]


def _tolls(
    fleet: Fleet, prices: Prices, notice: float, hazards: Mapping[int, Floats], candidates: Floats
) -> dict[str, Toll]:
    lives, learnt_threshold, policy = fleet.watched, [], []
    everyone = np.ones(len(lives.length), dtype=bool)
    never = np.full(len(lives.length), np.inf)
    for fold, hazard in hazards.items():
        mine = fleet.fold == fold
        visits = candidates[_cheapest(lives, candidates, notice, prices, ~mine)] + notice
        learnt_threshold.append(_toll_of(lives, visits, prices, mine))
        policy.append(_act(lives, hazard, notice, prices, ~mine, mine))
    best = candidates[_cheapest(lives, candidates, notice, prices, everyone)] + notice
    return {
        RUN_TO_FAILURE: toll(lives, never, prices),
        INTERVAL: _best_interval(lives, prices),
        THRESHOLD: toll(lives, best, prices),
        LEARNT_THRESHOLD: _sum(learnt_threshold),
        POLICY: _sum(policy),
        CLAIRVOYANT: toll(lives, lives.clairvoyant(), prices),
    }


def _hazards(fleet: Fleet, fold: int, notices: Sequence[float]) -> Floats:
    """Rows by notices: per hour after the notice, by the curve that training would store had it seen the other folds'
    devices alone."""
    learn = (fleet.fold != fold)[fleet.lives.of_row]
    asked = np.array(notices, dtype=np.float64)
    curve = learn_curve(fleet.lives, fleet.told, fleet.device_model, fleet.mode, rows=learn, only_at=asked)
    return hazards_after(fleet, curve, asked)


def hazards_after(fleet: Fleet, curve: HazardCurve, notices: Floats) -> Floats:
    """Rows by notices (hours): the chance of failing per hour after the notice, as the curve tells it."""
    looks = average_left(fleet.lives, fleet.told, fleet.mode, curve.step)
    return curve.hazard(looks, fleet.told.risk, notices) / curve.step


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
