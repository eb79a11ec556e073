"""Training tells the truth about itself, and says what is missing when it cannot."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from models.artifact import dumps, loads
from models.errors import FrameError, TrainingError
from models.features import History
from models.out_of_fold import Examples, deal_folds, predict_out_of_fold
from models.prepared import Kin, prepare
from models.scoring import score
from models.training import TrainingOutcome, train

Fleet = tuple[pd.DataFrame, pd.DataFrame]


def test_learns_what_the_fleet_shows(outcome: TrainingOutcome, fleet: Fleet) -> None:
    metrics = outcome.model.metrics
    assert (metrics["devices"], metrics["lives"], metrics["failures"]) == (12, 22, 10)
    assert metrics["auc"] > 0.95
    assert metrics["alarm_recall_in_time"] >= 0.8
    assert metrics["cost_ratio"] < 0.5
    assert 0.85 <= metrics["rul_coverage"] <= 1
    assert outcome.row_count == len(fleet[0])
    assert outcome.data_from == fleet[0]["ts"].min()
    assert "stuck.value" not in outcome.model.features
    json.dumps(metrics, allow_nan=False)


def test_held_out_predictions_come_from_other_devices() -> None:
    # The label can be known only from the device itself: held out, no prediction may be better than chance.
    random = np.random.default_rng(3)
    devices = np.repeat(np.arange(40), 50)
    own = random.normal(size=(40, 3)).astype(np.float32)[devices]
    failed = (random.uniform(size=40) < 0.5).astype(float)[devices]
    examples = Examples(own, devices, failed, np.where(failed == 1, 10.0, 100.0), 100.0, ["own.value"])
    told = predict_out_of_fold(examples, deal_folds(examples, 0), 0)
    by_device = np.array([told.risk[devices == number].mean() for number in range(40)])
    assert abs(np.corrcoef(by_device, failed[::50])[0, 1]) < 0.5
    assert abs(np.corrcoef(told.rul, failed)[0, 1]) < 0.5


def test_the_same_seed_gives_the_same_model(
    outcome: TrainingOutcome, fleet: Fleet, pump: DeviceModel, wear: FailureMode
) -> None:
    again = train(History(*fleet), pump, wear)
    assert again.model.metrics == outcome.model.metrics
    pd.testing.assert_frame_equal(again.held_out, outcome.held_out)


def test_no_readings(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    with pytest.raises(TrainingError, match="no readings of pump"):
        train(History(fleet[0].iloc[:0], fleet[1]), pump, wear)


def test_too_few_failures(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    with pytest.raises(TrainingError, match=r"bearing_wear of pump: 4 failures .* 5 are needed"):
        train(History(fleet[0], fleet[1].iloc[:4]), pump, wear)
    with pytest.raises(TrainingError, match="0 failures"):
        train(History(fleet[0], fleet[1].iloc[:0]), pump, wear)


def test_all_failures_on_one_device(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    first = events.iloc[:1]
    hours = [pd.Timedelta(hours=h) for h in (0, -100, 45, 90, -50)]
    many = pd.concat([first.assign(ts=first["ts"] + hour) for hour in hours])
    with pytest.raises(TrainingError, match="fewer than two devices of which one failed"):
        train(History(readings, many), pump, replace(wear, event_codes=("bearing_wear",)))


def test_no_life_outlived_the_horizon(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    failing = readings[readings["device"].isin(events["device"])]
    ends = failing["device"].map(events.set_index("device")["ts"])
    last_hours = failing[(failing["ts"] <= ends) & (failing["ts"] > ends - wear.horizon)]
    with pytest.raises(TrainingError, match="known to have outlived the horizon"):
        train(History(last_hours, events), pump, wear)


def test_fewer_devices_than_folds_and_duplicate_index(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    once = readings[readings["device"].isin(["pump-00", "pump-01", "pump-02"])]
    later = once.assign(ts=once["ts"] + pd.Timedelta(days=60))
    doubled = pd.concat([once, later]).sort_values(["device", "ts"])
    failures = pd.concat([events, events.assign(ts=events["ts"] + pd.Timedelta(days=60))])
    model = train(History(doubled, failures), pump, wear).model
    assert (model.metrics["devices"], model.metrics["failures"]) == (3, 6)


def test_a_channel_without_any_value_and_a_missing_one(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    assert train(History(readings.assign(temperature=np.nan), events), pump, wear).model.metrics["auc"] > 0.9
    with pytest.raises(FrameError, match="column temperature"):
        train(History(readings.drop(columns="temperature"), events), pump, wear)


def test_nothing_but_dead_channels(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    readings, events = fleet
    dead = readings.assign(temperature=np.nan, vibration=3.0)
    with pytest.raises(
        TrainingError, match=r"nothing to learn from: all 5 channels are constant or empty \(constant: spe"
    ):
        train(History(dead, events), pump, wear)
    repaired = events.assign(kind="maintenance", code="confirmed", component="bearing")
    with pytest.raises(TrainingError, match="nothing to learn from"):
        train(History(dead, pd.concat([events, repaired]).sort_values(["device", "ts"])), pump, wear)
    errors = events.assign(kind="error", code="E7", ts=events["ts"] - pd.Timedelta(hours=10))
    by_errors = prepare(History(dead, pd.concat([events, errors]).sort_values(["device", "ts"])), pump, wear)
    assert "event:error:E7.count_1d" in by_errors.features


def test_kin_are_learnt_from_and_never_measured_on(
    outcome: TrainingOutcome, fleet: Fleet, pump: DeviceModel, wear: FailureMode
) -> None:
    settings = replace(pump.features, trends=(timedelta(hours=48),))
    pump = replace(pump, features=settings)
    readings, events = fleet
    kin = Kin(
        History(readings.assign(device="kin-" + readings["device"]), events.assign(device="kin-" + events["device"])),
        replace(pump, name="pump_of_last_year"),
        wear,
    )
    together = train(History(readings, events), pump, wear, kin=[kin])
    assert together.model.metrics["devices"] == outcome.model.metrics["devices"]
    assert together.held_out["device"].equals(readings["device"])
    # The kin are the same devices under other names: whoever learns from them has seen the held-out ones.
    assert together.model.metrics["rul_rmse_capped_hours"] < 0.8 * outcome.model.metrics["rul_rmse_capped_hours"]
    assert "vibration.mean_2d" in together.model.features
    assert together.model.condition.weights
    assert list(together.model.rul_estimator.named_estimators_) == ["trees", "nets"]
    loaded = loads(dumps(together.model))
    assert loaded.condition == together.model.condition
    last = score(loaded, History(readings, events), pump)
    assert last == score(together.model, History(readings, events), pump)
    assert {prediction.device for prediction in last} == set(readings["device"])


def test_five_failures_give_figures_with_wide_intervals(fleet: Fleet, pump: DeviceModel, wear: FailureMode) -> None:
    report = train(History(fleet[0], fleet[1].iloc[:5]), pump, wear).report
    assert report["time_split_missing"]
    [split] = report["splits"]
    assert split["failures"] == 5
    _, low, high = split["figures"]["alarm_recall_in_time"]
    assert high - low > 0.3
