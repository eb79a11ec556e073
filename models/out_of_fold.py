"""Fits the estimators, and predicts every device by estimators that have not seen it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, VotingRegressor

from models.calibration import Floats
from models.condition import Condition, fit_condition
from models.failure_model import raw_risk, raw_rul
from models.learners import fit_risk, fit_rul
from models.lives import Integers
from models.near_failure import FEWEST_ROWS, NEAR, fit_near, tell_left

FOLDS = 5
MOST_ROWS = 14_000
"""Readings that one estimator is fitted on, half of them near a failure where there are as many: neighbours tell
nearly the same, so that more of them cost time and bring little."""
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
class Estimators:
    """All answers, fitted on the same readings. near: of hours left near failures; None where too few readings are."""

    risk: HistGradientBoostingClassifier
    rul: VotingRegressor
    condition: Condition
    near: VotingRegressor | None = None


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


def fit(examples: Examples, rows: Rows, seed: int, *, near: bool = True) -> Estimators:
    """Fit on the given rows, thinned to `MOST_ROWS`. Thinning raises the share of failures and with it the raw risk;
    calibration on all rows takes that back, as it is a shift of the log-odds. The remaining life is learnt from each
    row as often as it stands for others. near: also the estimator of hours left near failures.
    """
    for_risk = _thin(examples, np.flatnonzero(rows & ~np.isnan(examples.fails_within)), seed)
    for_rul = _thin(examples, _copied(examples, np.flatnonzero(rows & ~np.isnan(examples.rul)), seed), seed)
    told, life = examples.matrix[for_rul], examples.rul[for_rul]
    condition = fit_condition(told, life, examples.cap, examples.features, examples.trends)
    return Estimators(
        fit_risk(condition.read(examples.matrix[for_risk]), examples.fails_within[for_risk], seed),
        fit_rul(condition.extend(told), life, condition.smooth_columns(examples.features), seed),
        condition,
        _fit_near(examples, rows, condition, seed) if near else None,
    )


def _fit_near(examples: Examples, rows: Rows, condition: Condition, seed: int) -> VotingRegressor | None:
    close = np.flatnonzero(rows & (examples.rul < NEAR * examples.cap))
    if len(close) < FEWEST_ROWS:
        return None
    close = np.random.default_rng(seed).permutation(close)[:MOST_ROWS]
    smooth = condition.smooth_columns(examples.features)
    return fit_near(condition.extend(examples.matrix[close]), examples.rul[close], smooth, seed)


def predict_out_of_fold(examples: Examples, fold: Integers, seed: int, *, near: bool = True) -> Told:
    """What the estimators tell that were fitted on the other folds' devices. Without `near` the hours left are the
    remaining life."""
    told = Told(*np.full((3, len(examples.matrix)), np.nan))
    for number in range(int(fold.max()) + 1):
        held_out = fold == number
        estimators = fit(examples, ~held_out, seed, near=near)
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


def _thin(examples: Examples, rows: Integers, seed: int) -> Integers:
    """At most `MOST_ROWS` of the rows, drawn at random; those near a failure have half of the room or what is left."""
    random = np.random.default_rng(seed)
    near = (examples.rul[rows] < np.nanmax(examples.rul)) | (examples.fails_within[rows] == 1)
    room_near = max(MOST_ROWS // 2, MOST_ROWS - int((~near).sum()))
    room_far = MOST_ROWS - min(int(near.sum()), room_near)
    groups = ((rows[near], room_near), (rows[~near], room_far))
    return np.concatenate([random.permutation(group)[:room] for group, room in groups])
