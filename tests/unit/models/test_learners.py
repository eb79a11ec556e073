"""The learners see limits that few readings lie beyond."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from models import nets
from models.learners import FOR_RISK, PLACES, SETTINGS, fit_risk, fit_rul, snap


def test_a_limit_that_few_readings_lie_beyond_is_found() -> None:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(6000, 3)).astype(np.float32)
    limit = np.sort(matrix[:, 0])[-55]
    failed = (matrix[:, 0] > limit).astype(float)
    near = np.zeros((200, 3), dtype=np.float32)
    near[:, 0] = limit + np.linspace(-0.1, 0.1, 200)
    truth = near[:, 0] > limit
    ours = fit_risk(matrix, failed, 0).predict(near)
    plain = HistGradientBoostingClassifier(**SETTINGS, **FOR_RISK, random_state=0).fit(matrix, failed).predict(near)
    assert (ours != truth).mean() < 0.1
    assert (ours != truth).mean() < (plain != truth).mean() / 2


def test_snapped_columns_keep_order_gaps_and_few_values() -> None:
    random = np.random.default_rng(2)
    matrix = np.column_stack([random.normal(size=3000), random.integers(0, 9, 3000)]).astype(np.float32)
    matrix[::7, 0] = np.nan
    given = matrix.copy()
    rare = matrix[:, 0] > 2.5
    snapped = snap(matrix, rare)
    np.testing.assert_array_equal(matrix, given)
    np.testing.assert_array_equal(np.isnan(snapped), np.isnan(matrix))
    np.testing.assert_array_equal(snapped[:, 1], matrix[:, 1])
    known = np.sort(matrix[~np.isnan(matrix[:, 0]), 0])
    np.testing.assert_array_equal(
        np.sort(snapped[~np.isnan(snapped[:, 0]), 0]), snap(known[:, None], known > 2.5)[:, 0]
    )
    assert len(np.unique(snapped[~np.isnan(snapped[:, 0]), 0])) <= PLACES
    np.testing.assert_array_equal(snapped[rare, 0], matrix[rare, 0])


def test_one_class_and_nothing_known() -> None:
    matrix = np.column_stack([np.arange(600), np.full(600, np.nan)]).astype(np.float32)
    snapped = snap(matrix, np.zeros(600, dtype=bool))
    assert 100 < len(np.unique(snapped[:, 0])) <= PLACES
    assert np.isnan(snapped[:, 1]).all()


def test_smooth_columns_are_told_more_smoothly_than_by_trees_alone() -> None:
    random = np.random.default_rng(4)
    matrix = random.normal(size=(1500, 5)).astype(np.float32)
    matrix[::9, 4] = np.nan
    life = 50 + 20 * matrix[:, 0] + 10 * np.sin(matrix[:, 1]) + random.normal(0, 1, 1500)
    mixed = fit_rul(matrix[:1000], life[:1000], [0, 1, 4], 0)
    alone = fit_rul(matrix[:1000], life[:1000], [], 0)
    errors = [np.sqrt(np.mean((told.predict(matrix[1000:]) - life[1000:]) ** 2)) for told in (mixed, alone)]
    assert errors[0] < 0.95 * errors[1]
    assert list(alone.named_estimators_) == ["trees"]


def test_smooth_columns_may_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nets, "STEPS", 40)
    matrix = np.column_stack([np.arange(200), np.full(200, np.nan)]).astype(np.float32)
    told = fit_rul(matrix, np.arange(200.0), [0, 1], 0).predict(matrix)
    assert np.isfinite(told).all()


def test_a_reading_far_beyond_all_training_is_told_as_their_end() -> None:
    random = np.random.default_rng(5)
    matrix = random.uniform(size=(1000, 3)).astype(np.float32)
    mixed = fit_rul(matrix, 100 - 90 * matrix[:, 0].astype(np.float64), [0, 1, 2], 0)
    told_by_nets = mixed.named_estimators_["nets"]
    far, end = told_by_nets.predict(np.array([[1e6, 0.5, 0.5], [matrix[:, 0].max(), 0.5, 0.5]], dtype=np.float32))
    assert far == end
    assert abs(end - 10) < 10
    told = mixed.predict(np.array([[1e6, 1e6, 1e6]], dtype=np.float32))
    assert abs(told - 10) < 6, "unlike all others, it is told their end and not their mean"
