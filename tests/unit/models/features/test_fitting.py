"""What a plan leaves out: windows, channels, regimes, events and ages that tell nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from domain.formula import parse_formula
from models.errors import FrameError
from models.features import History, fit_features
from models.features.formulas import evaluate
from models.features.occurrences import MOST_CODES
from models.features.regimes import fit_regimes

from .conftest import START, rigs


def test_snapshots_have_values_alone(known: History, rig: DeviceModel, burnt: FailureMode) -> None:
    readings = rigs(3).readings
    snapshots = readings.assign(device=[f"s{number:04}" for number in range(len(readings))])
    history = History(snapshots, known.events.iloc[:0])
    plan = fit_features(history, rig, burnt)
    assert plan.columns == ("torque.value", "faults.value", "power.value", "age")
    assert len(plan.build(history, rig, burnt)) == len(snapshots)


def test_months_between_readings_and_a_device_with_one(known: History, rig: DeviceModel, burnt: FailureMode) -> None:
    ts = START + pd.to_timedelta([0, 90, 200, 400, 0], unit="D")
    readings = pd.DataFrame(
        {"device": list("aaaab"), "ts": ts, "speed": 1.0, "torque": [1.0, 2, 3, 4, 9], "faults": 0.0}
    )
    history = History(readings, known.events.iloc[:0])
    plan = fit_features(history, rig, burnt)
    assert "torque.mean_1d" not in plan.columns
    np.testing.assert_array_equal(plan.build(history, rig, burnt)["torque.value"], [1, 2, 3, 4, 9])


def test_no_readings(known: History, rig: DeviceModel, burnt: FailureMode) -> None:
    plan = fit_features(known, rig, burnt)
    nothing = plan.build(replace(known, readings=known.readings.iloc[:0]), rig, burnt)
    assert nothing.empty
    assert list(nothing) == list(plan.columns)
    with pytest.raises(FrameError, match="column torque"):
        fit_features(replace(known, readings=known.readings.drop(columns="torque")), rig, burnt)


def test_rare_codes_are_counted_together(known: History, rig: DeviceModel, burnt: FailureMode) -> None:
    many = pd.concat([known.events[:1].assign(code=f"C{n:02}", kind="error", ts=START) for n in range(MOST_CODES + 9)])
    history = replace(known, events=many)
    plan = fit_features(history, rig, burnt)
    assert len(plan.events) == MOST_CODES + 1
    of_device = plan.build(history, rig, burnt).groupby(known.readings["device"])["event:error:other.count_1d"].max()
    assert of_device[many["device"].iloc[0]] == 9


def test_another_model_of_the_family(known: History, rig: DeviceModel, burnt: FailureMode) -> None:
    plan = fit_features(known, rig, burnt)
    smaller = replace(rig, channels=[c for c in rig.channels if c.name != "faults"], name="rig2")
    features = plan.build(replace(known, readings=known.readings.drop(columns="faults")), smaller, burnt)
    assert features["faults.value"].isna().all()
    assert features["torque.value"].notna().any()


def test_regimes_are_found_where_settings_are_apart_and_nowhere_else() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(100, 0.01, (2000, 2))
    assert fit_regimes(["x", "y"], noise, None, 0).count == 1
    assert fit_regimes(["x", "y"], noise, 3, 0).count == 3
    flights = random.permutation(
        np.repeat(np.array([[0, 0], [10, 0.2], [20, 0.7], [25, 0.6], [35, 0.8], [42, 0.84]]), 300, 0)
    )
    assert fit_regimes(["x", "y"], flights + random.normal(0, 0.003, flights.shape), None, 0).count == 6
    glitch = np.vstack([noise, [[1e6, 1e6]]])
    assert fit_regimes(["x", "y"], glitch, None, 0).count == 1
    assert fit_regimes(["x"], np.full((50, 1), 7.0), 4, 0).count == 1
    assert fit_regimes(["x"], np.full((50, 1), np.nan), None, 0).count == 1
    assert fit_regimes([], np.empty((9, 0)), None, 0).count == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 2", [21, 2, np.nan]),
        ("max(a, b) - min(a, b, 3)", [9, 1, np.nan]),
        ("abs(-a) ** 2 % 5", [1, 0, 4]),
        ("a > 0.5", [1, 0, 1]),
        ("sqrt(a) / 0", [np.nan, np.nan, np.nan]),
        ("log(a - 1)", [np.nan, np.nan, 0]),
    ],
)
def test_formulas(text: str, expected: list[float]) -> None:
    channels = {"a": np.array([1.0, 0.0, 2.0]), "b": np.array([10.0, 1.0, np.nan])}
    np.testing.assert_allclose(evaluate(parse_formula(text), channels), expected)
