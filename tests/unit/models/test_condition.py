"""Condition indices: what wear has in common over the channels, found in noise, and free of it."""

from __future__ import annotations

import numpy as np

from models.calibration import Floats
from models.condition import Condition, Matrix, direct_features, fit_condition

CHANNELS = ("a", "b", "c", "d")
FEATURES = [f"{channel}.{told}" for channel in CHANNELS for told in ("value", "mean_5h", "change", "mean_40h")] + [
    "age"
]
CAP = 100.0


def worn_fleet() -> tuple[Matrix, Floats]:
    """Wear moves a and b, c only makes noise, d never moves; a row per hour left."""
    random = np.random.default_rng(0)
    rul = np.clip(np.tile(np.arange(200.0), 5), None, CAP)
    wear = 1 - rul / CAP
    matrix = np.zeros((len(rul), len(FEATURES)), dtype=np.float32)
    for number, moves in enumerate((1.0, -1.0, 0.0, None)):
        for place in range(4):
            noise = random.normal(size=len(rul)) * 0.5 if moves is not None else 0.0
            matrix[:, 4 * number + place] = 50 + (moves or 0.0) * wear * 3 + noise - (50 if place == 2 else 0)
    return matrix, rul


def test_the_first_index_follows_the_wear_better_than_a_channel() -> None:
    matrix, rul = worn_fleet()
    condition = fit_condition(matrix, rul, CAP, FEATURES, ("40h",))
    extended = condition.extend(matrix)
    first = extended[:, len(condition.direct)]
    of_index = abs(np.corrcoef(first, rul)[0, 1])
    assert of_index > abs(np.corrcoef(matrix[:, 0], rul)[0, 1]) + 0.02
    weights = np.abs(np.array(condition.weights)[:, 0])
    assert len(weights) == 3  # the channel that never moves has none
    assert weights[2] < 0.2 * weights[:2].min()


def test_estimators_read_trends_only_through_the_indices() -> None:
    matrix, rul = worn_fleet()
    condition = fit_condition(matrix, rul, CAP, FEATURES, ("40h",))
    assert [FEATURES[number] for number in condition.direct] == [name for name in FEATURES if "40h" not in name]
    assert condition.read(matrix).shape[1] == len(FEATURES) - len(CHANNELS)
    other = matrix.copy()
    other[:, FEATURES.index("a.mean_40h")] += 1
    assert np.array_equal(condition.read(other), condition.read(matrix))
    assert not np.array_equal(condition.extend(other), condition.extend(matrix))


def test_a_missing_value_counts_as_the_usual_one() -> None:
    matrix, rul = worn_fleet()
    condition = fit_condition(matrix, rul, CAP, FEATURES, ("40h",))
    matrix[:, FEATURES.index("b.value")] = np.nan
    own = condition.extend(matrix)[:, len(condition.direct) :]
    assert np.isfinite(own).all()


def test_without_trends_or_without_wear_there_are_no_indices() -> None:
    matrix, rul = worn_fleet()
    everything = list(range(len(FEATURES)))
    assert fit_condition(matrix, rul, CAP, FEATURES, ()) == Condition(everything)
    healthy = fit_condition(matrix, np.full(len(rul), CAP), CAP, FEATURES, ("40h",))
    assert healthy == Condition(direct_features(FEATURES, ("40h",)))
    unknown = np.full_like(matrix, np.nan)
    assert not fit_condition(unknown, rul, CAP, FEATURES, ("40h",)).columns
    assert healthy.extend(matrix).shape == healthy.read(matrix).shape
    assert healthy.smooth_columns(FEATURES) == []


def test_age_changes_and_indices_are_smooth() -> None:
    matrix, rul = worn_fleet()
    condition = fit_condition(matrix, rul, CAP, FEATURES, ("40h",))
    smooth = condition.smooth_columns(FEATURES)
    own = [FEATURES[condition.direct[column]] for column in smooth if column < len(condition.direct)]
    assert own == [name for name in FEATURES if name == "age" or name.endswith(".change")]
    assert smooth[len(own) :] == list(range(len(condition.direct), condition.extend(matrix).shape[1]))
