"""Scoring sees what training saw, from the look-back alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from models.calibration import log_odds
from models.errors import ArtifactError, FrameError
from models.explanation import channel_effects, explain
from models.features import History, group_of
from models.lives import current_life_starts
from models.scoring import score
from models.training import TrainingOutcome

Fleet = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def present(fleet: Fleet) -> Fleet:
    """The fleet as known at hour 190: four pumps have failed, the next ones are about to."""
    readings, events = fleet
    now = readings["ts"].min() + timedelta(hours=190)
    return readings[readings["ts"] <= now], events[events["ts"] <= now]


def test_values_equal_those_of_training(
    outcome: TrainingOutcome, present: Fleet, pump: DeviceModel, wear: FailureMode
) -> None:
    readings, events = present
    features = _features(outcome, History(readings, events), pump, wear).groupby(readings["device"]).tail(1)
    predictions = score(outcome.model, History(readings, events), pump)
    assert [p.device for p in predictions] == sorted(set(readings["device"]))
    np.testing.assert_allclose([p.risk for p in predictions], outcome.model.risk(features))
    rul, *_ = outcome.model.remaining_life(features)
    np.testing.assert_allclose([p.rul / timedelta(hours=1) for p in predictions], rul, atol=1e-6)
    assert all(timedelta(0) <= p.rul_low <= p.rul <= p.rul_high <= wear.rul_cap for p in predictions)
    assert {p.as_of for p in predictions} == set(readings.groupby("device")["ts"].max())


def test_the_look_back_suffices(outcome: TrainingOutcome, present: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = present
    starts = readings["device"].map(current_life_starts(events, pump, wear))
    of_life = readings[starts.isna() | (readings["ts"] > starts)]
    first = of_life.groupby("device")["ts"].transform("min")
    last = readings.groupby("device")["ts"].transform("max")
    baseline = (of_life["ts"] - first < pump.features.baseline).reindex(readings.index, fill_value=False)
    needed = readings[baseline | (readings["ts"] > last - max(pump.features.windows))]
    assert len(needed) < len(readings) / 3
    full, short = (
        score(outcome.model, History(readings, events), pump),
        score(outcome.model, History(needed, events), pump),
    )
    np.testing.assert_allclose([p.risk for p in short], [p.risk for p in full], rtol=1e-6)
    assert [p.rul for p in short] == [p.rul for p in full]


def test_alarms_carry_what_drove_them(outcome: TrainingOutcome, present: Fleet, pump: DeviceModel) -> None:
    predictions = {p.device: p for p in score(outcome.model, History(*present), pump)}
    alarmed, quiet = predictions["pump-04"], predictions["pump-11"]
    assert alarmed.risk >= outcome.model.alarm_threshold > quiet.risk
    assert quiet.contributions == ()
    texts = {c.channel: c.text for c in alarmed.contributions}
    assert texts["vibration"].startswith("Vibration ")
    assert texts["vibration"].endswith("mm/s above this unit's first 24 h")


def test_effects_add_up_to_the_risk(
    outcome: TrainingOutcome, present: Fleet, pump: DeviceModel, wear: FailureMode
) -> None:
    readings, events = present
    model = outcome.model
    features = _features(outcome, History(readings, events), pump, wear).iloc[::37]
    groups = list(dict.fromkeys(group_of(name) for name in model.features))
    effects, odds = channel_effects(model, features, groups)
    healthy = features.copy()
    for name in features:
        if name == "age" or ".spread" in name:
            healthy[name] = model.healthy[name]
            continue
        channel, kind = name.split(".")
        start = features[f"{channel}.mean_1d"] - features[f"{channel}.change"]
        healthy[name] = 0.0 if kind == "change" or kind.startswith("slope") else start
    now, then = model.risk(features), model.risk(healthy)
    np.testing.assert_allclose(effects.sum(axis=1), now - then, atol=1e-6)
    np.testing.assert_allclose(odds.sum(axis=1), log_odds(now) - log_odds(then), atol=1e-6)


def test_a_channel_that_went_silent_is_told(outcome: TrainingOutcome, present: Fleet, pump: DeviceModel) -> None:
    readings, events = present
    silent = readings.assign(vibration=np.nan)
    predictions = score(replace(outcome.model, alarm_threshold=0.0), History(silent, events), pump)
    told = {c.channel: c.text for p in predictions for c in p.contributions}
    assert told.get("vibration", "Vibration without a value lately") == "Vibration without a value lately"
    assert all(0 <= p.risk <= 1 for p in predictions)


def test_nothing_to_score(outcome: TrainingOutcome, present: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = present
    assert score(outcome.model, History(readings.iloc[:0], events), pump) == []
    assert explain(outcome.model, _features(outcome, History(readings, events), pump, wear).iloc[:0], pump) == []


def test_a_vanished_channel_is_named(outcome: TrainingOutcome, present: Fleet, pump: DeviceModel) -> None:
    readings, events = present
    with pytest.raises(FrameError, match="column vibration"):
        score(outcome.model, History(readings.drop(columns="vibration"), events), pump)
    without = replace(pump, channels=[channel for channel in pump.channels if channel.name != "vibration"])
    with pytest.raises(ArtifactError, match="needs vibration"):
        score(outcome.model, History(readings, events), without)


def test_other_windows_than_at_training(outcome: TrainingOutcome, present: Fleet, pump: DeviceModel) -> None:
    changed = replace(pump, features=replace(pump.features, baseline=timedelta(hours=5)))
    with pytest.raises(ArtifactError, match="other feature settings"):
        score(outcome.model, History(*present), changed)


def _features(outcome: TrainingOutcome, history: History, pump: DeviceModel, wear: FailureMode) -> pd.DataFrame:
    return outcome.model.plan.build(history, pump, wear)
