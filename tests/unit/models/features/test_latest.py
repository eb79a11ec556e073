"""Failure modes that share channels' features get what each would have got alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from models.features import FeaturePlan, History, fit_features
from models.features.latest import LatestFeatures

SHARED = ["a", "b"]
"""Rigs of which nothing was ever renewed: their lives are the same for every failure mode."""


@pytest.fixture(scope="module")
def history(known: History) -> History:
    renewals = known.events["component"] != ""
    return replace(known, events=known.events[~(renewals & known.events["device"].isin(SHARED))])


@pytest.fixture(scope="module")
def modes(rig: DeviceModel, burnt: FailureMode) -> list[FailureMode]:
    return [burnt, replace(burnt, name="torn", component="belt", event_codes=("torn",))]


@pytest.fixture(scope="module")
def both(rig: DeviceModel, modes: list[FailureMode]) -> DeviceModel:
    return replace(rig, failure_modes=modes)


@pytest.fixture
def made_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The devices whose channels' features were computed, a list each time."""
    told: list[list[str]] = []

    def noted(self: FeaturePlan, matrix: Any, readings: pd.DataFrame, lives: Any, asked: Any) -> None:
        told.append(readings["device"].unique().tolist())
        fill(self, matrix, readings, lives, asked)

    fill = FeaturePlan.fill_channels
    monkeypatch.setattr(FeaturePlan, "fill_channels", noted)
    return told


def test_equal_to_the_bit_and_computed_once_where_lives_begin_together(
    history: History, both: DeviceModel, modes: list[FailureMode], made_of: list[list[str]]
) -> None:
    plans = [fit_features(history, both, mode) for mode in modes]
    alone = [plan.build(history, both, mode, latest_only=True) for plan, mode in zip(plans, modes, strict=True)]
    made_of.clear()

    latest = LatestFeatures(history, both)
    for plan, mode, expected in zip(plans, modes, alone, strict=True):
        pd.testing.assert_frame_equal(latest.build(plan, mode), expected, check_exact=True)

    everybody, others = made_of
    assert everybody == ["a", "b", "c", "d"]
    assert others
    assert not set(others) & set(SHARED)
    assert not alone[0].equals(alone[1])


def test_plans_that_read_channels_otherwise_share_nothing(
    history: History, both: DeviceModel, modes: list[FailureMode], made_of: list[list[str]]
) -> None:
    plans = [fit_features(history, both, mode) for mode in modes]
    plans[1] = replace(plans[1], channels=tuple(replace(channel, high=31.0) for channel in plans[1].channels))
    expected = plans[1].build(history, both, modes[1], latest_only=True)
    made_of.clear()

    latest = LatestFeatures(history, both)
    told = [latest.build(plan, mode) for plan, mode in zip(plans, modes, strict=True)]

    pd.testing.assert_frame_equal(told[1], expected, check_exact=True)
    assert made_of == [["a", "b", "c", "d"]] * 2


def test_a_fleet_without_readings_has_no_features(
    history: History, both: DeviceModel, modes: list[FailureMode]
) -> None:
    plan = fit_features(history, both, modes[0])
    nothing = LatestFeatures(replace(history, readings=history.readings.iloc[:0]), both)
    assert [len(nothing.build(plan, modes[0])) for _ in range(2)] == [0, 0]
