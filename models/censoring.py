"""What lives that were censored tell: for how many lives each one that was seen to its end stands."""

from __future__ import annotations

import numpy as np

from models.calibration import Floats
from models.lives import HOUR_MS, Lives

LARGEST = 10.0
"""The most readings that one may stand for."""
FEWEST_DEVICES = 5


def weigh_known(lives: Lives, cap: float) -> Floats:
    """Per reading, for how many readings it stands when its remaining life, capped at `cap` hours, is known; 0 where
    that is not known. All are 1 when no life was censored.

    Long lives are censored more often before their end is seen, so that those which were seen to fail are too short on
    the whole. The inverse of the probability of not being censored until the end was known makes up for it (J. Robins
    and A. Rotnitzky, 1992, "Recovery of information and adjustment for dependent censoring"), as long as lives are
    censored for reasons that have nothing to do with their wear. Where fewer than one in `LARGEST` would have been
    watched until the cap, those that fail are known and those that go on are not: such readings tell nothing and count
    0 as well, unless that left fewer than five devices that fail.
    """
    age, left = lives.age_ms / HOUR_MS, lives.left_ms / HOUR_MS
    known = lives.failed[lives.of_row] | (left >= cap)
    reach = np.where(known, np.minimum(left, cap), 0)
    now, then, at_cap = np.split(_watched(lives, np.concatenate([age, age + reach, age + cap])), 3)
    told = known & (at_cap * LARGEST >= now)
    if len(np.unique(lives.device[told & (left < cap)])) < FEWEST_DEVICES:
        told = known
    weights = np.zeros(len(age))
    weights[told] = np.minimum(now[told] / then[told], LARGEST)
    return weights


def _watched(lives: Lives, ages: Floats) -> Floats:
    """Probability that a life is not censored before each of the ages in hours, whatever wear does to it (E. Kaplan and
    P. Meier, 1958, with the roles of failure and censoring exchanged: who fails at an age is not censored at it)."""
    lengths = (lives.ended_at - lives.ts[lives.first_row]) / HOUR_MS
    ends, censored = np.unique(lengths[~lives.failed], return_counts=True)
    later_failures = lives.failed.sum() - np.searchsorted(np.sort(lengths[lives.failed]), ends, side="right")
    at_risk = np.cumsum(censored[::-1])[::-1] + later_failures
    probability = np.append(1.0, np.cumprod(1 - censored / at_risk))
    watched: Floats = probability[np.searchsorted(ends, ages, side="left")]
    return watched
