"""Every sort of feature: what it is, that it knows no future, and that the look-back alone gives it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.device_model import DeviceModel, FailureMode
from models.features import FeaturePlan, History
from models.features.plan_document import from_document, to_document
from models.lives import current_life_starts

from .conftest import START, rigs


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), cut=st.floats(1, 250), junk=st.floats(-1e15, 1e15) | st.just(np.nan))
def test_nothing_after_an_instant_changes_what_is_known_at_it(
    plan: FeaturePlan, rig: DeviceModel, burnt: FailureMode, seed: int, cut: float, junk: float
) -> None:
    history, other = rigs(seed), rigs(seed + 1)
    now = START + pd.Timedelta(hours=cut)
    past = history.readings["ts"] <= now
    altered = history.readings.copy()
    altered.loc[~past, ["speed", "torque", "faults"]] = junk
    changed = History(
        altered,
        pd.concat([history.events[history.events["ts"] <= now], other.events[other.events["ts"] > now]]),
        history.devices,
        pd.concat([history.components, history.components.assign(installed_at=now + timedelta(seconds=1))]),
    )
    before = plan.build(history, rig, burnt)[past]
    pd.testing.assert_frame_equal(plan.build(changed, rig, burnt)[past], before, check_exact=True)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), cut=st.floats(30, 250))
def test_the_look_back_gives_what_the_whole_history_gives(
    plan: FeaturePlan, rig: DeviceModel, burnt: FailureMode, seed: int, cut: float
) -> None:
    everything, now = rigs(seed), START + pd.Timedelta(hours=cut)
    readings = everything.readings[everything.readings["ts"] <= now]
    events = everything.events[everything.events["ts"] <= now]
    latest = readings.groupby("device")["ts"].transform("max")
    before = events[events["ts"] < events["device"].map(readings.groupby("device")["ts"].max())]
    starts = pd.to_datetime(readings["device"].map(current_life_starts(before, rig, burnt)), utc=True)
    of_life = readings[starts.isna() | (readings["ts"] > starts)]
    first = of_life.groupby("device")["ts"].transform("min")
    young = (of_life["ts"] - first <= rig.features.baseline).reindex(readings.index, fill_value=False)
    recent = readings["ts"] > latest - max(rig.features.windows)
    kept = events["kind"].isin(["failure", "maintenance"]) | (events["ts"] > latest.min() - max(rig.features.windows))
    whole = plan.build(replace(everything, readings=readings, events=events), rig, burnt, latest_only=True)
    short = replace(everything, readings=readings[young | recent], events=events[kept])
    pd.testing.assert_frame_equal(plan.build(short, rig, burnt, latest_only=True), whole, rtol=1e-6, atol=1e-6)


def test_the_latest_rows_are_those_of_the_whole(
    plan: FeaturePlan, known: History, rig: DeviceModel, burnt: FailureMode
) -> None:
    latest = plan.build(known, rig, burnt, latest_only=True)
    assert latest.index.equals(known.readings.groupby("device").tail(1).index)
    pd.testing.assert_frame_equal(latest, plan.build(known, rig, burnt).loc[latest.index])


def test_windows_hold_what_they_say(plan: FeaturePlan, known: History, rig: DeviceModel, burnt: FailureMode) -> None:
    features, failures = plan.build(known, rig, burnt), known.events[known.events["kind"] == "failure"]
    for row in range(0, len(features), 7):
        device, now = known.readings.loc[row, "device"], known.readings.loc[row, "ts"]
        renewed = failures[(failures["device"] == device) & (failures["ts"] < now)]["ts"].max()
        since = max(now - timedelta(hours=24), renewed) if pd.notna(renewed) else now - timedelta(hours=24)
        window = known.readings[
            (known.readings["device"] == device) & (known.readings["ts"] > since) & (known.readings["ts"] <= now)
        ]
        errors = known.events[
            (known.events["device"] == device)
            & (known.events["code"] == "E.2")
            & known.events["ts"].between(since, now)
        ]
        got = features.loc[row]
        assert got["event:error:E_2.count_1d"] == len(errors)
        since_last = (now - errors["ts"].max()) / timedelta(hours=1) if len(errors) else np.nan
        np.testing.assert_allclose(got["event:error:E_2.since"], since_last, rtol=1e-4)
        steps = window["faults"].dropna().diff()
        grown = steps.where(steps >= 0, window["faults"].dropna()).iloc[1:].sum()
        np.testing.assert_allclose(got["faults.increase_1d"], grown if len(steps) else np.nan)
        power = plan.channels[-1].level.adjust(
            (window["torque"] * window["speed"] * 0.10472 / 1000).to_numpy(),
            plan.regimes.of(window[["speed"]].to_numpy()),
        )
        known_power = power[~np.isnan(power)]
        for name, expected in (("minimum", np.min), ("maximum", np.max), ("spread", np.std)):
            value = expected(known_power) if len(known_power) else np.nan
            np.testing.assert_allclose(got[f"power.{name}_1d"], value, rtol=1e-4, atol=1e-5)


def test_regimes_take_the_settings_out(plan: FeaturePlan, known: History, rig: DeviceModel, burnt: FailureMode) -> None:
    assert plan.regimes.count == 2
    features, speed = plan.build(known, rig, burnt), known.readings["speed"]
    assert known.readings["torque"].groupby(speed).mean().diff().iloc[-1] > 19
    assert abs(features["torque.value"].groupby(speed).mean().diff().iloc[-1]) < 0.01


def test_ages_and_attributes(plan: FeaturePlan, known: History, rig: DeviceModel, burnt: FailureMode) -> None:
    features = plan.build(known, rig, burnt)
    first = features.groupby(known.readings["device"]).head(1)
    since_start = (known.readings.loc[first.index, "ts"] - START) / timedelta(hours=1)
    np.testing.assert_allclose(first["installed.age"], 24 * np.array([9, 8, 7, 9999]) + since_start, rtol=1e-6)
    np.testing.assert_allclose(first["component:belt.age"], 24 * 9 + since_start, rtol=1e-6)
    np.testing.assert_array_equal(first["size.value"], [1, 2, np.nan, 2])
    np.testing.assert_array_equal(first["maker.is_X"], [1, 0, np.nan, 1])
    belt = known.events[known.events["component"] == "belt"].set_index("device")["ts"]
    after = known.readings["ts"] > known.readings["device"].map(belt)
    hours = (known.readings["ts"] - known.readings["device"].map(belt)) / timedelta(hours=1)
    np.testing.assert_allclose(features["component:belt.age"][after], hours[after], rtol=1e-4, atol=1e-3)


def test_the_plan_survives_json(plan: FeaturePlan) -> None:
    assert from_document(json.loads(json.dumps(to_document(plan)))) == plan
