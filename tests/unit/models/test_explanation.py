"""Every kind of feature is explained, in words, and the explanation adds up to what the model told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.catalog import parse_device_model
from domain.device_model import DeviceModel, FailureMode
from models.calibration import LifeInterval, RiskCalibration, log_odds
from models.explanation import REST, SMALLEST_EFFECT, channel_effects, explain
from models.failure_model import FailureModel
from models.features import History, fit_features, group_of
from models.out_of_fold import Examples, fit
from models.reasons import describe
from tests.unit.models.features.conftest import RIG, rigs

GROUPS = {"torque", "power", "faults", "age", "size", "maker", "component:belt", "event:error:E1", "installed"}


@pytest.fixture(scope="module")
def rig() -> DeviceModel:
    return parse_device_model(RIG, "rig.toml")


@pytest.fixture(scope="module")
def known() -> History:
    return rigs(7)


@pytest.fixture(scope="module")
def built(rig: DeviceModel, known: History) -> tuple[FailureModel, pd.DataFrame]:
    """A model that listens to a feature of every kind, and the features of the readings it learnt from."""
    mode: FailureMode = rig.failure_mode("burnt")
    plan = fit_features(known, rig, mode)
    features = plan.build(known, rig, mode)
    features = features.loc[:, features.nunique() > 1]
    groups = list(dict.fromkeys(group_of(name) for name in features))
    ranks = features.rank(pct=True).fillna(0.5).to_numpy()
    firsts = [[group_of(name) for name in features].index(group) for group in groups]
    odds = (ranks[:, firsts] - 0.5).sum(axis=1)
    failed = (odds > np.quantile(odds, 0.7)).astype(float)
    examples = Examples(
        features.to_numpy(np.float32), np.zeros(len(odds), np.int64), failed, np.full(len(odds), 50.0), 120.0,
        tuple(features),
    )  # fmt: skip
    estimators = fit(examples, np.ones(len(odds), dtype=bool), 0)
    model = FailureModel(
        rig.name, mode.name, mode.horizon, mode.rul_cap, plan, tuple(features),
        dict(features.median().fillna(0).astype(float)), 0.5, {},
        RiskCalibration(0.7, -0.4), LifeInterval((0.0,), (0.0,), (0.0,), 120.0),
        estimators.condition, estimators.risk, estimators.rul,
    )  # fmt: skip
    return model, features


def test_every_kind_of_feature_is_there(built: tuple[FailureModel, pd.DataFrame]) -> None:
    assert {group_of(name) for name in built[0].features} >= GROUPS


@pytest.mark.parametrize("calibration", [RiskCalibration(1.0, 0.0), RiskCalibration(0.7, -0.4)])
def test_health_and_contributions_add_up_to_what_the_model_tells(
    built: tuple[FailureModel, pd.DataFrame], calibration: RiskCalibration
) -> None:
    model, features = replace(built[0], calibration=calibration), built[1].iloc[::5]
    groups = list(dict.fromkeys(group_of(name) for name in model.features))
    effects, odds = channel_effects(model, features, groups)
    risk = model.risk(features)
    in_health, odds_in_health = risk - effects.sum(axis=1), log_odds(risk) - odds.sum(axis=1)
    np.testing.assert_allclose(log_odds(in_health), odds_in_health, atol=1e-5)
    assert (np.abs(odds) > 0.01).any(axis=0).sum() >= len(GROUPS) - 1, "nearly every kind moves some risk"


def test_what_is_told_adds_up_too(built: tuple[FailureModel, pd.DataFrame], rig: DeviceModel) -> None:
    model, features = built[0], built[1].iloc[::5]
    groups = list(dict.fromkeys(group_of(name) for name in model.features))
    effects, odds = channel_effects(model, features, groups)
    told = explain(model, features, rig)
    np.testing.assert_allclose([sum(c.effect for c in row) for row in told], effects.sum(axis=1), atol=1e-9)
    np.testing.assert_allclose([sum(c.log_odds for c in row) for row in told], odds.sum(axis=1), atol=1e-9)
    for row in told:
        strong = [abs(c.effect) for c in row if c.channel != REST]
        assert strong == sorted(strong, reverse=True)
        assert all(effect >= SMALLEST_EFFECT for effect in strong)
        assert all(c.channel != REST for c in row[:-1])
        assert all("nan" not in c.text for c in row)


@pytest.mark.parametrize(
    ("group", "values", "text"),
    [
        ("torque", {"change": 12.0}, "Torque 12 Nm above this unit's first 24 h"),
        ("torque", {"change": -0.5}, "Torque 0.5 Nm below this unit's first 24 h"),
        ("torque", {"change": np.nan, "value": 48.25}, "Torque at 48.25 Nm"),
        ("power", {"change": 1.25}, "Power 1.25 kW above this unit's first 24 h"),
        ("faults", {"value": 1234.0, "increase_1d": 7.0}, "Faults at 1,234, 7 more within 1 d"),
        ("event:error:E1", {"count_1d": 3.0}, "error E1 three times within 1 d"),
        ("event:error:E1", {"count_1d": 0.0}, "error E1 not once within 1 d"),
        ("event:error:E1", {"count_1d": 1500.0}, "error E1 1,500 times within 1 d"),
        ("component:belt", {"age": 1300.0}, "Belt 54 days old"),
        ("component:belt", {"age": np.nan}, "Belt of unknown age"),
        ("size", {"value": 2.0}, "Size 2 kW"),
        ("maker", {"is_X": 0.0, "is_Y": 1.0}, "Maker Y"),
    ],
)
def test_words_and_units(
    group: str,
    values: dict[str, float],
    text: str,
    built: tuple[FailureModel, pd.DataFrame],
    rig: DeviceModel,
) -> None:
    row = {f"{group}.{name}": value for name, value in {"value": 1.0, **values}.items()}
    if group == "maker":
        del row["maker.value"]
    assert describe(group, row, rig, built[0].plan) == text
