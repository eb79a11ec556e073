"""Risk curves of devices near a failure, from more than their latest reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from domain.prediction import CURVE_STEPS, Prediction
from models.features import History
from models.features.latest import LatestFeatures
from models.longer_look import further_look_back, near_failure, watch_longer
from models.scoring import score, score_latest
from models.training import TrainingOutcome

Fleet = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def present(fleet: Fleet) -> History:
    """The fleet as known at hour 190: four pumps have failed, the next ones are about to."""
    readings, events = fleet
    now = readings["ts"].min() + timedelta(hours=190)
    return History(readings[readings["ts"] <= now], events[events["ts"] <= now])


@pytest.fixture(scope="module")
def short(outcome: TrainingOutcome, present: History, pump: DeviceModel) -> list[Prediction]:
    return score_latest(outcome.model, LatestFeatures(present, pump))


def test_every_prediction_has_a_curve_through_its_risk(
    outcome: TrainingOutcome, present: History, pump: DeviceModel
) -> None:
    for prediction in score(outcome.model, present, pump):
        assert len(prediction.failed_by) == 2 * CURVE_STEPS
        assert np.all(np.diff(prediction.failed_by) >= 0)
        assert prediction.failed_by[CURVE_STEPS - 1] == pytest.approx(prediction.risk, abs=1e-9)


def test_only_devices_near_a_failure_are_looked_at_again(
    outcome: TrainingOutcome, present: History, pump: DeviceModel, short: list[Prediction]
) -> None:
    longer = watch_longer(outcome.model, short, present, pump)
    near = near_failure(outcome.model, short)
    changed = [one.device for one, other in zip(short, longer, strict=True) if one != other]
    assert "pump-04" in near
    assert "pump-11" not in near
    assert changed
    assert set(changed) <= set(near)
    assert [replace(one, failed_by=()) for one in longer] == [replace(one, failed_by=()) for one in short]


def test_no_more_than_the_further_look_back_matters(
    outcome: TrainingOutcome, present: History, pump: DeviceModel, wear: FailureMode, short: list[Prediction]
) -> None:
    readings = present.readings
    last = readings.groupby("device")["ts"].transform("max")
    begin = readings.groupby("device")["ts"].transform("min") + pump.features.baseline
    kept = last - pump.features.look_back - further_look_back(pump, wear)
    alive = ~readings["device"].isin(present.events["device"])
    some = replace(present, readings=readings[alive & ((readings["ts"] <= begin) | (readings["ts"] > kept))])
    assert len(some.readings) < 0.8 * alive.sum()
    whole = {one.device: one.failed_by for one in watch_longer(outcome.model, short, present, pump)}
    for one in watch_longer(outcome.model, short, some, pump):
        if one.device in set(some.readings["device"]):
            np.testing.assert_allclose(one.failed_by, whole[one.device], rtol=1e-4, atol=1e-9)


def test_a_reading_that_came_since_changes_nothing(
    outcome: TrainingOutcome, fleet: Fleet, present: History, pump: DeviceModel, short: list[Prediction]
) -> None:
    later = replace(present, readings=fleet[0])
    assert watch_longer(outcome.model, short, later, pump) == watch_longer(outcome.model, short, present, pump)


def test_a_model_without_a_curve_tells_none(outcome: TrainingOutcome, present: History, pump: DeviceModel) -> None:
    without = replace(outcome.model, curve=None, near_estimator=None)
    assert {one.failed_by for one in score(without, present, pump)} == {()}
