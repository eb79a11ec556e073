"""Remaining life near failures."""

from __future__ import annotations

import numpy as np

from models.near_failure import CORRECTION, fit_near, hours_left, join_lives

MOST = 70.0


def test_far_from_everything_learnt_the_ridge_moves_the_trees_little() -> None:
    random = np.random.default_rng(0)
    left = random.uniform(0, MOST, 400)
    matrix = np.column_stack([left, left, random.normal(size=400)]).astype(np.float32)
    regressor = fit_near(matrix, left, [0, 1], seed=0)
    far = np.full((1, 3), -1000, dtype=np.float32)
    trees = regressor.estimators_[0].predict(far)
    assert abs(hours_left(regressor, far, MOST) - trees)[0] <= CORRECTION * MOST / 2 + 1e-6
    assert np.abs(hours_left(regressor, matrix, MOST) - left).mean() < 3


def test_without_smooth_columns_trees_tell_alone() -> None:
    left = np.linspace(0, MOST, 200)
    matrix = left[:, None].astype(np.float32)
    regressor = fit_near(matrix, left, [], seed=0)
    assert len(regressor.estimators_) == 1
    assert hours_left(regressor, matrix, MOST).max() <= MOST


def test_healthy_readings_are_told_by_the_model_of_the_whole_life() -> None:
    rul, near = np.array([120.0, 60.0, 20.0]), np.array([30.0, 65.0, 14.0])
    assert join_lives(rul, near, 125.0).tolist() == [120.0, 65.0, 14.0]
