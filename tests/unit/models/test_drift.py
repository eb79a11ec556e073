"""Drift: none where there is none, found where there is, and quiet when few devices can tell."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from domain.device_model import DeviceModel
from models.drift import DriftKind, Finding, input_drift, precision_drift
from models.errors import ArtifactError
from models.features import FeaturePlan
from models.reference import Reference, compared, describe_spread, read_reference
from models.training import TrainingOutcome

WEEK, WEEKS = timedelta(days=7), 8
FEATURES = ["vibration.value", "vibration.mean_24h", "temperature.value", "speed.value", "event:error:e1.count_24h"]
START = pd.Timestamp("2026-01-01", tz="UTC")


def fleet(random: np.random.Generator, devices: int, days: int) -> tuple[pd.DataFrame, np.ndarray, pd.Series]:
    """Eight readings a week; each device is a little different."""
    hours = np.arange(0, days * 24, 21)
    device = np.repeat(np.arange(devices), len(hours))
    ts = pd.Series(START + pd.to_timedelta(np.tile(hours, devices), unit="h"))
    columns = {name: random.normal(0, 0.5, devices)[device] + random.normal(0, 1, len(device)) for name in FEATURES}
    columns[FEATURES[-1]] = (columns[FEATURES[-1]] > 1.5).astype(float)
    return pd.DataFrame(columns), device, ts


def drifted(pump: DeviceModel, reference: Reference, features: pd.DataFrame, device: np.ndarray) -> list[str]:
    return [found.subject for found in input_drift(reference, features, device, pump) if found.drifted]


@pytest.mark.parametrize(("trained_on", "seen"), [(12, 12), (12, 5), (60, 30)])
def test_the_same_fleet_a_week_later_has_not_drifted(pump: DeviceModel, trained_on: int, seen: int) -> None:
    false = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        features, device, ts = fleet(random, trained_on, 7 * 4)
        later, others, _ = fleet(random, seen, 7)
        false += bool(drifted(pump, describe_spread(features, device, ts, WEEK), later, others))

    assert false <= 5


@pytest.mark.parametrize(("trained_on", "seen"), [(12, 12), (60, 30)])
def test_a_shifted_channel_is_found_and_no_other(pump: DeviceModel, trained_on: int, seen: int) -> None:
    random = np.random.default_rng(1)
    reference = describe_spread(*fleet(random, trained_on, 7 * WEEKS), WEEK)
    later, device, _ = fleet(random, seen, 7)
    later["vibration.value"] += 3

    [finding] = [found for found in input_drift(reference, later, device, pump) if found.drifted]

    assert (finding.subject, finding.sample) == ("vibration.value", seen)
    assert finding.message.startswith("Vibration higher than in training (vibration.value): stability index")


def test_a_channel_that_vanished_is_found(pump: DeviceModel) -> None:
    random = np.random.default_rng(1)
    reference = describe_spread(*fleet(random, 20, 7 * WEEKS), WEEK)
    later, device, _ = fleet(random, 20, 7)
    later["temperature.value"] = np.nan

    [finding] = [found for found in input_drift(reference, later, device, pump) if found.drifted]

    assert finding.message.startswith("Bearing temperature is missing more often than in training")


def test_one_odd_device_and_too_few_devices_raise_nothing(pump: DeviceModel) -> None:
    random = np.random.default_rng(1)
    reference = describe_spread(*fleet(random, 20, 7 * WEEKS), WEEK)
    later, device, _ = fleet(random, 20, 7)
    later.loc[device == 0, FEATURES[:4]] = 50.0

    assert drifted(pump, reference, later, device) == []
    assert input_drift(reference, later[device < 4] + 50, device[device < 4], pump) == []


def test_weeks_as_unusual_as_those_of_training_have_not_drifted(pump: DeviceModel) -> None:
    random = np.random.default_rng(1)
    features, device, ts = fleet(random, 30, 7 * WEEKS)
    season = 1.5 * np.sin(np.arange(WEEKS))[((ts - START) // WEEK).to_numpy()]
    features["temperature.value"] += season
    reference = describe_spread(features, device, ts, WEEK)
    later, others, _ = fleet(random, 30, 7)
    later["temperature.value"] += 1.5

    assert drifted(pump, reference, later, others) == []
    assert drifted(pump, reference, later.assign(**{"speed.value": later["speed.value"] + 3}), others) == [
        "speed.value"
    ]


def test_a_reference_survives_its_document(pump: DeviceModel) -> None:
    reference = describe_spread(*fleet(np.random.default_rng(1), 5, 14), WEEK)

    assert read_reference(reference.document()) == reference
    for nonsense in ({}, {"devices": 3}, {"devices": 3, "spreads": {"x": {"edges": []}}}):
        with pytest.raises(ArtifactError, match="train it again"):
            read_reference(nonsense)


def test_ages_and_totals_are_not_compared(outcome: TrainingOutcome) -> None:
    plan: FeaturePlan = outcome.model.plan
    names = compared(plan, outcome.model.features)

    assert "age" in outcome.model.features
    assert "age" not in names
    assert "vibration.change" in names


def test_an_input_is_calm_again_well_below_its_boundary() -> None:
    def calm(kind: DriftKind, measure: float, boundary: float, drifted: bool) -> bool:
        return Finding(kind, "x", measure, boundary, 9, drifted, "").calm

    assert [calm(DriftKind.INPUT, measure, 0.5, measure > 0.5) for measure in (0.51, 0.5, 0.41, 0.4)] == [
        False, False, False, True,
    ]  # fmt: skip
    assert calm(DriftKind.PRECISION, 0.7, 0.8, False)
    assert not calm(DriftKind.PRECISION, 0.2, 0.8, True)


def test_a_precision_whose_whole_interval_lies_below_the_promise_has_drifted() -> None:
    def told(right: int, wrong: int, promised: float | None = 0.8) -> bool | None:
        found = precision_drift("bearing_wear", right=right, wrong=wrong, promised=promised)
        return found.drifted if found else None

    assert told(30, 8) is False
    assert told(3, 3) is False
    assert told(0, 5) is True
    assert told(20, 20) is True
    assert told(0, 4) is None
    assert told(1, 9, None) is None
