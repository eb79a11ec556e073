"""Features against slow, obvious sums, and against leaks from the future."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from models.errors import FrameError
from models.features import History, fit_features, window_name

Fleet = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def gappy(fleet: Fleet) -> Fleet:
    """Irregular sampling with gaps, values missing here and there, and a life that begins without a value."""
    readings, events = fleet
    random = np.random.default_rng(5)
    kept = readings[random.uniform(size=len(readings)) < 0.8].reset_index(drop=True)
    kept.loc[random.uniform(size=len(kept)) < 0.2, "vibration"] = np.nan
    kept.loc[kept.groupby("device").head(3).index, "temperature"] = np.inf
    return kept, events


def build_features(readings: pd.DataFrame, events: pd.DataFrame, pump: DeviceModel, wear: FailureMode) -> pd.DataFrame:
    history = History(readings, events)
    return fit_features(history, pump, wear).build(history, pump, wear)


def test_equal_to_plain_sums_over_each_window(gappy: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = gappy
    features = build_features(readings, events, pump, wear)
    failed = events.set_index("device")["ts"]
    for row in np.random.default_rng(2).choice(len(readings), 60, replace=False):
        now = readings.loc[row]
        life = readings[(readings["device"] == now["device"]) & (readings["ts"] <= now["ts"])]
        if now["device"] in failed.index and now["ts"] > failed[now["device"]]:
            life = life[life["ts"] > failed[now["device"]]]
        hours = (life["ts"] - life["ts"].iloc[0]) / timedelta(hours=1)
        values = life["vibration"].to_numpy()
        window = (hours > hours.iloc[-1] - 24) & ~np.isnan(values)
        young = (hours < 24) & ~np.isnan(values)
        got = features.loc[row]
        assert got["age"] == pytest.approx(hours.iloc[-1], abs=1e-3)
        mean = values[window].mean() if window.any() else np.nan
        assert got["vibration.mean_1d"] == pytest.approx(mean, rel=1e-5, nan_ok=True)
        change = mean - values[young].mean() if young.any() else np.nan
        assert got["vibration.change"] == pytest.approx(change, abs=1e-4, nan_ok=True)
        slope = np.polyfit(hours[window], values[window], 1)[0] if window.sum() >= 3 else np.nan
        assert got["vibration.slope_1d"] == pytest.approx(slope, rel=1e-4, abs=1e-5, nan_ok=True)


def test_the_future_changes_nothing_in_the_past(gappy: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = gappy
    now = readings["ts"].min() + timedelta(hours=120)
    past = readings["ts"] <= now
    altered = readings.copy()
    altered.loc[~past, ["vibration", "temperature", "stuck", "absent"]] = 1e3
    plan = fit_features(History(readings, events), pump, wear)
    before = plan.build(History(readings, events), pump, wear)[past]
    moved = events.assign(ts=events["ts"] + timedelta(days=9))
    pd.testing.assert_frame_equal(plan.build(History(altered, moved), pump, wear)[past], before)
    alone = plan.build(History(readings[past], events[events["ts"] <= now]), pump, wear)
    pd.testing.assert_frame_equal(alone, before)


def test_eleven_years_of_drift_keep_the_slope(pump: DeviceModel, wear: FailureMode, fleet: Fleet) -> None:
    hours = np.arange(100_000)
    readings = pd.DataFrame({"device": "old", "ts": pd.Timestamp("2010-01-01", tz="UTC") + pd.to_timedelta(hours, "h")})
    readings[["speed", "temperature", "stuck", "absent"]] = 0.0
    readings["vibration"] = 1e5 + 0.01 * hours
    features = build_features(readings, fleet[1].iloc[:0], pump, wear)
    np.testing.assert_allclose(features["vibration.slope_6h"][10:], 0.01, rtol=1e-2)


def test_dead_channels_and_settings(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    features = build_features(readings, events, pump, wear)
    assert {name.partition(".")[0] for name in features} == {"vibration", "temperature", "age"}
    assert set(features.dtypes) == {np.dtype("float32")}
    assert features.index.equals(readings.index)


def test_impossible_values_count_as_missing_and_spoil_nothing_else(
    fleet: Fleet, pump: DeviceModel, wear: FailureMode
) -> None:
    readings, events = fleet
    spoilt, holed = readings.copy(), readings.copy()
    spoilt.loc[[7, 400], "vibration"] = [1e30, -np.inf]
    holed.loc[[7, 400], "vibration"] = np.nan
    spoilt.loc[9, "temperature"], holed.loc[9, "temperature"] = 9000.0, np.nan
    expected = build_features(holed, events, pump, wear)
    pd.testing.assert_frame_equal(build_features(spoilt, events, pump, wear), expected)


def test_no_readings_give_no_features(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    assert build_features(readings.iloc[:0], events, pump, wear).empty


def test_a_missing_channel_is_named(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    with pytest.raises(FrameError, match="column vibration"):
        build_features(readings.drop(columns="vibration"), events, pump, wear)


@pytest.mark.parametrize(
    ("length", "name"),
    [
        (timedelta(hours=15), "15h"),
        (timedelta(days=7), "7d"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=1.5), "1.5s"),
    ],
)
def test_windows_are_named_in_their_largest_whole_unit(length: timedelta, name: str) -> None:
    assert window_name(length) == name
