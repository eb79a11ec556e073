"""The future never teaches: labels of the past as they were known then, and an embargo between past and judgement."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from models.features import History
from models.labels import label_lives
from models.lives import HOUR_MS, Lives, find_lives
from models.out_of_fold import Examples
from models.splits import as_of, choose_cut, onwards_in_time
from models.training import train
from tests.unit.models.conftest import START, make_events

Fleet = tuple[pd.DataFrame, pd.DataFrame]
START_MS = int(START.timestamp() * 1000)


@pytest.fixture(scope="module")
def lives(long_fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> Lives:
    return find_lives(*long_fleet, pump, wear)


@pytest.fixture(scope="module")
def long_fleet() -> Fleet:
    """Eight pumps of 2,400 h that fail every 150 to 300 h and are repaired; vibration tells."""
    random = np.random.default_rng(0)
    readings, failures = [], []
    for number in range(8):
        hours = np.arange(0.0, 2400.0, 2.0)
        ends = np.cumsum(random.uniform(150, 300, 30))
        left = ends[np.searchsorted(ends, hours)] - hours
        name = f"pump-{number}"
        told = 2 + 3 * np.exp(-left / 40) + random.normal(0, 0.15, len(hours))
        ts = (START + pd.to_timedelta(hours, unit="h")).as_unit("us")
        readings.append(
            pd.DataFrame({"device": name, "ts": ts, "speed": 1500.0, "vibration": told, "temperature": 60.0})
        )
        failures += [
            (name, START + pd.Timedelta(hours=end), "failure", "bearing_wear", "bearing", "")
            for end in ends[ends < 2400]
        ]
    return pd.concat(readings, ignore_index=True).assign(stuck=7.0, absent=np.nan), make_events(failures)


@pytest.mark.parametrize("hours", [1.0, 300.0, 777.0, 1500.5, 2399.0])
def test_labels_as_of_an_instant_are_those_of_the_history_that_ended_there(
    hours: float, long_fleet: Fleet, lives: Lives, pump: DeviceModel, wear: FailureMode
) -> None:
    instant = START + pd.Timedelta(hours=hours)
    readings, events = (frame[frame["ts"] < instant].reset_index(drop=True) for frame in long_fleet)
    then = label_lives(find_lives(readings, events, pump, wear), wear, readings.index)
    known = label_lives(as_of(lives, START_MS + round(hours * HOUR_MS)), wear, long_fleet[0].index)
    past = (long_fleet[0]["ts"] < instant).to_numpy()
    columns = ["fails_within", "rul", "survived"]
    pd.testing.assert_frame_equal(known.loc[past, columns].reset_index(drop=True), then[columns])


def test_the_cut_keeps_an_embargo_and_failures_on_both_sides(lives: Lives, wear: FailureMode) -> None:
    cut = choose_cut(lives, wear, timedelta(hours=100))
    assert cut is not None
    assert cut.judged_from - cut.past_until == 100 * HOUR_MS
    before = (lives.ended_at[lives.failed] < cut.past_until).sum()
    after = (lives.ended_at[lives.failed] >= cut.judged_from).sum()
    assert before > after > before / 3
    shorter = choose_cut(lives, wear, timedelta(hours=1))
    assert shorter is not None
    assert shorter.judged_from - shorter.past_until == wear.horizon / timedelta(milliseconds=1)


def test_no_cut_without_failures_on_both_sides(lives: Lives, wear: FailureMode) -> None:
    assert choose_cut(lives, wear, timedelta(days=99)) is None
    assert choose_cut(replace(lives, failed=np.zeros_like(lives.failed)), wear, timedelta()) is None
    assert choose_cut(replace(lives, ended_at=np.full_like(lives.ended_at, START_MS)), wear, timedelta()) is None


def learnt(long_fleet: Fleet, lives: Lives, mode: FailureMode) -> Examples:
    labels = label_lives(lives, mode, long_fleet[0].index)
    matrix = long_fleet[0][["vibration"]].to_numpy(np.float32)
    rul = labels["rul"].clip(upper=120).to_numpy()
    return Examples(matrix, lives.device, labels["fails_within"].to_numpy(), rul, 120.0, ["vibration.value"])


def test_what_is_judged_came_after_all_that_was_learnt(long_fleet: Fleet, lives: Lives, wear: FailureMode) -> None:
    cut = choose_cut(lives, wear, timedelta(hours=24))
    assert cut is not None
    examples = learnt(long_fleet, lives, wear)
    judged = onwards_in_time(examples, lives, wear, cut, 0)
    assert judged is not None
    assert lives.ts[judged.rows].min() >= cut.judged_from
    # A future with other failures and other readings in the embargo changes no answer.
    forged = np.where(lives.ts >= cut.past_until, 1 - examples.fails_within, examples.fails_within)
    between = (lives.ts >= cut.past_until) & ~judged.rows
    noise = np.where(between[:, None], 99.0, examples.matrix).astype(np.float32)
    later = lives.ended_at >= cut.past_until
    moved = replace(lives, ended_at=lives.ended_at + later * HOUR_MS, failed=lives.failed & ~later)
    other = onwards_in_time(
        replace(examples, fails_within=forged, rul=examples.rul * 0 + 5, matrix=noise), moved, wear, cut, 0
    )
    assert other is not None
    for name in ("raw", "risk", "rul", "low", "high"):
        np.testing.assert_array_equal(getattr(judged, name), getattr(other, name))
    assert set(judged.thresholds) == set(other.thresholds)


def test_a_life_that_fails_before_anyone_could_have_come_is_not_held_against_it(
    long_fleet: Fleet, lives: Lives, wear: FailureMode
) -> None:
    cut = choose_cut(lives, wear, timedelta(hours=24))
    assert cut is not None
    judged = onwards_in_time(learnt(long_fleet, lives, wear), lives, wear, cut, 0)
    assert judged is not None
    assert len(judged.traces) < len(np.unique(lives.of_row[judged.rows]))
    assert [trace.left[0] for trace in judged.traces if trace.failed and trace.left[0] < 20] == []


def test_both_splits_are_in_the_report(long_fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    outcome = train(History(*long_fleet), pump, wear)
    devices, time = outcome.report["splits"]
    assert (devices["split"], time["split"]) == ("devices", "time")
    assert outcome.report["time_split_missing"] == ""
    assert len(json.dumps(outcome.report, allow_nan=False)) < 50_000
    assert pd.Timestamp(time["judged_from"]) - pd.Timestamp(time["past_until"]) >= wear.horizon
    assert 0 < time["failures"] < devices["failures"]
    for split in (devices, time):
        assert split["figures"]["auc"][0] > 0.9
        assert split["figures"]["alarm_recall_in_time"][0] > 0.5


def test_a_past_too_thin_to_learn_from_is_said(long_fleet: Fleet, lives: Lives, wear: FailureMode) -> None:
    cut = choose_cut(lives, wear, timedelta(hours=24))
    assert cut is not None
    examples = learnt(long_fleet, lives, wear)
    only_one = replace(examples, devices=np.zeros_like(examples.devices))
    assert onwards_in_time(only_one, lives, wear, cut, 0) is None


def test_snapshots_have_no_split_by_time(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    failing = readings["device"].isin(events["device"])
    ends = readings["device"].map(events.set_index("device")["ts"])
    left = np.where(failing, (ends - readings["ts"]) / pd.Timedelta(hours=1), 500.0)
    one = readings.assign(left=left)[left > 0].groupby("device", as_index=False).sample(6, random_state=0)
    snapshots = one.assign(device=[f"{n:03d}" for n in range(len(one))], ts=START).reset_index(drop=True)
    told = [
        (
            device,
            START + pd.Timedelta(hours=hours),
            *(("failure", "bearing_wear") if hours < 100 else ("maintenance", "x")),
        )
        for device, hours in zip(snapshots["device"], snapshots["left"], strict=True)
    ]
    endings = make_events([(*ending, "bearing", "") for ending in told])
    report: Any = train(History(snapshots.drop(columns="left"), endings), pump, wear).report
    assert [split["split"] for split in report["splits"]] == ["devices"]
    assert "no instant has five failures before it" in report["time_split_missing"]
