"""Fits the estimators, and predicts every device by estimators that have not seen it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats
from models.failure_model import raw_risk, raw_rul
from models.fitting import Estimators, Lesson, learn, learn_all
from models.lives import Integers
from models.near_failure import FEWEST_ROWS, NEAR, tell_left

FOLDS = 5
MOST_ROWS = 14_000
"""Readings that one estimator is fitted on, half of them near a failure where there are as many: neighbours tell
nearly the same, so that more of them cost time and bring little."""
NET_ROWS = 3 * MOST_ROWS
"""Likewise of nets, whose time does not depend on it."""
WORTH_PROCESSES = 10_000
"""With fewer readings, fitting takes no longer than starting processes."""
Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Examples:
    """What there is to learn from; one entry per reading.

    devices: numbered from 0. cap: of `rul`, in hours. features: names of the matrix' columns. trends: windows that
    only condition indices look back over. kin: rows of the family's other device models, which are learnt from in
    every fold and never held out; none without it. fails_within: 1, 0 or NaN. rul: hours, capped; NaN where even that
    is not known. weights: for how many readings each with a known `rul` stands, see `models.censoring`; 1 without it.
    """

    matrix: NDArray[np.float32]
    devices: Integers
    fails_within: Floats
    rul: Floats
    cap: float
    features: Sequence[str]
    trends: Sequence[str] = ()
    kin: Rows | None = None
    weights: Floats | None = None

    @property
    def all_weights(self) -> Floats:
        """`weights`, also where they were not given."""
        return np.ones(len(self.rul)) if self.weights is None else self.weights

    @property
    def life_weights(self) -> Floats:
        """`weights` in which devices count the same however much they sent."""
        weights: Floats = self.all_weights / np.bincount(self.devices)[self.devices]
        return weights


@dataclass(frozen=True, slots=True)
class Told:
    """Per row what was told by estimators that had not seen the device: the raw risk, the remaining life and the hours
    left (see `models.near_failure.tell_left`); NaN for kin."""

    risk: Floats
    rul: Floats
    left: Floats

    def first(self, count: int) -> Told:
        """Of so many rows from the beginning."""
        return Told(self.risk[:count], self.rul[:count], self.left[:count])


def fit(examples: Examples, rows: Rows, seed: int) -> Estimators:
    """Fit on the given rows, as `draw` chooses among them."""
    return learn(draw(examples, rows, seed))


def draw(examples: Examples, rows: Rows, seed: int, *, near: bool = True) -> Lesson:
    """What is learnt from the given rows, thinned to `MOST_ROWS`. Thinning raises the share of failures and with it the
    raw risk; calibration on all rows takes that back, as it is a shift of the log-odds. The remaining life is learnt
    from each row as often as it stands for others. near: also for the estimator of hours left near failures.
    """
    for_risk = _thin(examples, np.flatnonzero(rows & ~np.isnan(examples.fails_within)), seed)
    lives = _copied(examples, np.flatnonzero(rows & ~np.isnan(examples.rul)), seed)
    for_rul, for_nets = (
        _thin(examples, lives, seed),
        _thin(examples, lives if examples.trends else lives[:0], seed, NET_ROWS),
    )
    close = np.flatnonzero(rows & (examples.rul < NEAR * examples.cap)) if near else np.empty(0, dtype=np.int64)
    close = np.random.default_rng(seed).permutation(close)[:MOST_ROWS]
    return Lesson(
        for_risk=examples.matrix[for_risk],
        failed=examples.fails_within[for_risk],
        for_rul=examples.matrix[for_rul],
        rul=examples.rul[for_rul],
        for_nets=examples.matrix[for_nets],
        rul_for_nets=examples.rul[for_nets],
        close=examples.matrix[close] if len(close) >= FEWEST_ROWS else None,
        left=examples.rul[close],
        cap=examples.cap,
        features=tuple(examples.features),
        trends=tuple(examples.trends),
        seed=seed,
    )


def fit_each(
    examples: Examples, choices: Sequence[Rows], seed: int, *, near: bool = True, processes: int = 1
) -> list[Estimators]:
    """A set of estimators for each choice of rows, in so many processes where there are enough readings to be worth
    that. Their number changes no answer."""
    worth = processes if len(examples.matrix) >= WORTH_PROCESSES else 1
    return learn_all((draw(examples, rows, seed, near=near) for rows in choices), min(worth, len(choices)))


def other_folds(fold: Integers) -> list[Rows]:
    """Per fold the rows that are not in it."""
    return [fold != number for number in range(int(fold.max()) + 1)]


def predict_out_of_fold(
    examples: Examples, fold: Integers, seed: int, *, near: bool = True, processes: int = 1
) -> Told:
    """What the estimators tell that were fitted on the other folds' devices. Without `near` the hours left are the
    remaining life."""
    return tell_each(examples, fold, fit_each(examples, other_folds(fold), seed, near=near, processes=processes))


def tell_each(examples: Examples, fold: Integers, fitted: Sequence[Estimators]) -> Told:
    """What is told of each fold by the estimators that were fitted without it."""
    told = Told(*np.full((3, len(examples.matrix)), np.nan))
    for number, estimators in enumerate(fitted):
        held_out = fold == number
        matrix = estimators.condition.extend(examples.matrix[held_out])
        rul = raw_rul(estimators.rul, matrix, examples.cap)
        told.risk[held_out] = raw_risk(estimators.risk, estimators.condition.read(examples.matrix[held_out]))
        told.rul[held_out] = rul
        told.left[held_out] = tell_left(estimators.near, matrix, rul, examples.cap)
    return told


def deal_folds(examples: Examples, seed: int, folds: int = FOLDS) -> Integers:
    """Per row the fold of its device, -1 for kin: first the devices that fail are dealt, so that each fold has as many
    of them as can be. There are never more folds than these."""
    kin = np.zeros(len(examples.devices), dtype=bool) if examples.kin is None else examples.kin
    own, count = ~kin, int(examples.devices[~kin].max()) + 1
    failures = np.bincount(examples.devices[own], weights=examples.fails_within[own] == 1, minlength=count) > 0
    shuffled = np.random.default_rng(seed).permutation(count)
    order = shuffled[np.argsort(~failures[shuffled], kind="stable")]
    fold_of_device = np.empty(count, dtype=np.int64)
    fold_of_device[order] = np.arange(count) % min(folds, int(failures.sum()))
    fold = np.full(len(examples.devices), -1)
    fold[own] = fold_of_device[examples.devices[own]]
    return fold


def _copied(examples: Examples, rows: Integers, seed: int) -> Integers:
    """Each of the rows as often as its weight says, on the mean."""
    if examples.weights is None:
        return rows
    chance = np.random.default_rng([seed, len(rows)]).uniform(size=len(rows))
    return np.repeat(rows, (examples.weights[rows] + chance).astype(np.int64))


def _thin(examples: Examples, rows: Integers, seed: int, most: int = MOST_ROWS) -> Integers:
    """At most so many of the rows, drawn at random; those near a failure have half of the room or what is left."""
    random = np.random.default_rng(seed)
    near = (examples.rul[rows] < np.nanmax(examples.rul)) | (examples.fails_within[rows] == 1)
    room_near = max(most // 2, most - int((~near).sum()))
    room_far = most - min(int(near.sum()), room_near)
    groups = ((rows[near], room_near), (rows[~near], room_far))
    return np.concatenate([random.permutation(group)[:room] for group, room in groups])
