"""Remaining life told by an estimator that has learnt from the last stretch before failures alone.

When to act is decided within the last tenth or two of a life. There the regressor of the whole life tells less than it
could: what sets healthy readings apart takes up most of its trees.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.calibration import Floats
from models.condition import fit_condition
from models.learners import FOR_RUL, SETTINGS, Matrix, known_columns
from models.lives import Integers
from models.out_of_fold import MOST_ROWS, Examples
from models.threads import one_thread

NEAR = 0.56
"""Share of the cap of the remaining life below which readings are learnt from."""
FEWEST_ROWS = 100
LANDMARKS, RIDGE, WIDTH = 600, 0.05, 0.2
"""Of the kernel ridge. The kernel's inverse square width is the last of these over the number of columns."""
CORRECTION = 0.1
"""Share of the stretch by which the kernel ridge and the trees may differ and both still count half."""
SEEN = 0.45
"""Share of the cap below which the model of the whole life is taken to see the failure coming."""


def predict_near_failure(examples: Examples, fold: Integers, seed: int) -> Floats:
    """Per row the hours left as told by the other folds' devices; NaN for kin.

    Within 0 and the cap's share `NEAR`: of a reading further from the failure they tell no more, so that they are to be
    read together with the risk.
    """
    left, most = np.full(len(examples.matrix), np.nan), NEAR * examples.cap
    for number in range(int(fold.max()) + 1):
        held_out = fold == number
        known = ~held_out & ~np.isnan(examples.rul)
        matrix, life = examples.matrix[known], examples.rul[known]
        condition = fit_condition(matrix, life, examples.cap, examples.features, examples.trends)
        near = np.random.default_rng(seed).permutation(np.flatnonzero(life < most))[:MOST_ROWS]
        smooth = condition.smooth_columns(examples.features)
        regressor = fit_near(condition.extend(matrix[near]), life[near], smooth, seed)
        left[held_out] = hours_left(regressor, condition.extend(examples.matrix[held_out]), most)
    return left


def fit_near(matrix: Matrix, left: Floats, smooth: Sequence[int], seed: int) -> VotingRegressor:
    """The regressor of hours left, of readings near a failure: trees, and where there are `smooth` columns a kernel
    ridge on these."""
    learners = [("trees", HistGradientBoostingRegressor(**SETTINGS, **FOR_RUL, random_state=seed))]
    if smooth and len(left) >= FEWEST_ROWS:
        kernel = Nystroem(n_components=min(LANDMARKS, len(left)), gamma=WIDTH / len(smooth), random_state=seed)
        columns = ColumnTransformer([("columns", "passthrough", list(smooth))])
        filled = SimpleImputer(keep_empty_features=True)
        learners.append(("smooth", make_pipeline(columns, filled, StandardScaler(), kernel, Ridge(RIDGE))))
    with one_thread():
        return VotingRegressor(learners).fit(known_columns(matrix), left)


def hours_left(regressor: VotingRegressor, matrix: Matrix, most: float) -> Floats:
    """What the regressor tells, within 0 and `most`. Far from everything that it has learnt from, a kernel ridge tells
    the mean, so that it moves what the trees tell by a bounded amount only."""
    with one_thread():
        trees, *smooth = (member.predict(matrix) for member in regressor.estimators_)
    bound = CORRECTION * most
    moved = trees if not smooth else trees + np.clip(smooth[0] - trees, -bound, bound) / 2
    told: Floats = np.clip(moved, 0, most)
    return told


def join_lives(rul: Floats, near: Floats, cap: float) -> Floats:
    """Hours left over the whole life: as told near failures (`near`), where the model of the whole life (`rul`) sees
    one coming."""
    return np.where(rul < SEEN * cap, near, np.maximum(near, rul))
