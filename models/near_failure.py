"""Remaining life told by an estimator that has learnt from the last stretch before failures alone.

When to act is decided within the last tenth or two of a life. There the regressor of the whole life tells less than it
could: what sets healthy readings apart takes up most of its trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.calibration import Floats
from models.learners import SETTINGS, Matrix, known_columns
from models.threads import one_thread

NEAR = 0.56
"""Share of the cap of the remaining life below which readings are learnt from."""
FOR_NEAR: dict[str, Any] = {"learning_rate": 0.06, "max_iter": 150, "max_leaf_nodes": 16, "max_features": 0.4}
FEWEST_ROWS = 100
"""Fewer readings near failures teach nothing."""
LANDMARKS, RIDGE, WIDTH = 600, 0.05, 0.2
"""Of the kernel ridge. The kernel's inverse square width is the last of these over the number of columns."""
CORRECTION = 0.1
"""Share of the stretch by which the kernel ridge and the trees may differ and both still count half."""
SEEN = 0.45
"""Share of the cap below which the model of the whole life is taken to see the failure coming."""


def fit_near(matrix: Matrix, left: Floats, smooth: Sequence[int], seed: int) -> VotingRegressor:
    """The regressor of hours left, of readings near a failure: trees, and where there are `smooth` columns a kernel
    ridge on these."""
    learners = [("trees", HistGradientBoostingRegressor(**SETTINGS, **FOR_NEAR, random_state=seed))]
    if smooth:
        kernel = Nystroem(n_components=min(LANDMARKS, len(left)), gamma=WIDTH / len(smooth), random_state=seed)
        columns = ColumnTransformer([("columns", "passthrough", list(smooth))])
        filled = SimpleImputer(keep_empty_features=True)
        learners.append(("smooth", make_pipeline(columns, filled, StandardScaler(), kernel, Ridge(RIDGE))))
    with one_thread():
        return VotingRegressor(learners).fit(known_columns(matrix), left)


def hours_left(regressor: VotingRegressor, matrix: Matrix, most: float) -> Floats:
    """What the regressor tells, within 0 and `most`: of a reading further from the failure no more. Far from everything
    that it has learnt from, a kernel ridge tells the mean, so that it moves what the trees tell by a bounded amount
    only."""
    with one_thread():
        trees, *smooth = (member.predict(matrix) for member in regressor.estimators_)
    bound = CORRECTION * most
    moved = trees if not smooth else trees + np.clip(smooth[0] - trees, -bound, bound) / 2
    told: Floats = np.clip(moved, 0, most)
    return told


def tell_left(regressor: VotingRegressor | None, matrix: Matrix, rul: Floats, cap: float) -> Floats:
    """Hours left over the whole life: as told near failures, where the model of the whole life (`rul`, hours) sees one
    coming. matrix: what both read. Without a regressor `rul` itself."""
    left, near = rul.copy(), rul < NEAR * cap
    if regressor is not None and near.any():
        left[near] = join_lives(rul[near], hours_left(regressor, matrix[near], NEAR * cap), cap)
    return left


def join_lives(rul: Floats, near: Floats, cap: float) -> Floats:
    """Hours left as told near failures (`near`), where the model of the whole life (`rul`) sees one coming."""
    return np.where(rul < SEEN * cap, near, np.maximum(near, rul))
