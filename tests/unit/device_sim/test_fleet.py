from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from aftercare.wiring import Catalog
from device_sim.errors import InvalidSimulationError
from device_sim.fleet import Fleet, simulate_fleet
from device_sim.physics import PHYSICS

START = datetime(2026, 1, 1, tzinfo=UTC)
# The channel that a service engineer would look at first, and which way it goes.
LEADING_CHANNEL = {
    ("heat_pump", "refrigerant_leak"): ("superheat", 1),
    ("heat_pump", "fouled_condenser"): ("water_flow", -1),
    ("heat_pump", "worn_compressor_bearing"): ("compressor_vibration", 1),
    ("compressor", "bearing_wear"): ("vibration", 1),
    ("compressor", "clogged_intake_filter"): ("filter_pressure_drop", 1),
    ("compressor", "oil_degradation"): ("oil_temperature", 1),
}


@pytest.fixture(scope="module", params=list(PHYSICS))
def fleet(request: pytest.FixtureRequest) -> Fleet:
    return simulate_fleet(request.param, 40, START, 150 * 24, seed=7)


def failures(fleet: Fleet) -> pd.DataFrame:
    return fleet.events[fleet.events["kind"] == "failure"]


def test_the_catalog_describes_the_fleet(fleet: Fleet, catalog: Catalog):
    model = catalog[fleet.device_model]
    assert list(fleet.readings.columns) == ["device", "ts", *(channel.name for channel in model.channels)]
    assert {(mode.name, mode.component) for mode in model.failure_modes} == {
        (mode.name, mode.component) for mode in PHYSICS[fleet.device_model].modes
    }
    for channel in model.channels:
        values = fleet.readings[channel.name]
        assert values.notna().all()
        assert channel.low is None or values.min() >= channel.low
        assert channel.high is None or values.max() <= channel.high


def test_every_mode_fails_often_enough_to_be_learnt(fleet: Fleet):
    counts = failures(fleet)["code"].value_counts()
    for mode in PHYSICS[fleet.device_model].modes:
        assert 25 <= counts[mode.name] <= 50


def test_each_mode_shows_in_its_leading_channel_before_it_fails(fleet: Fleet):
    by_device = dict(iter(fleet.readings.groupby("device")))
    for mode, events in failures(fleet).groupby("code"):
        channel, direction = LEADING_CHANNEL[fleet.device_model, str(mode)]
        changes = []
        for device, ts in zip(events["device"], events["ts"], strict=True):
            readings = by_device[device].set_index("ts")[channel]
            last, before = (
                readings[ts - timedelta(days=3) : ts],
                readings[ts - timedelta(days=40) : ts - timedelta(days=25)],
            )
            if len(before) > 100:
                changes.append(direction * (last.mean() / before.mean() - 1))
        assert np.median(changes) > 0.05, mode


def test_a_failed_device_is_silent_until_it_is_repaired(fleet: Fleet):
    for device, events in fleet.events.groupby("device"):
        stamps = fleet.readings.loc[fleet.readings["device"] == device, "ts"]
        repairs = events.loc[events["kind"] == "maintenance", "ts"]
        for failed in events.loc[events["kind"] == "failure", "ts"]:
            later = repairs[repairs > failed]
            if len(later):
                assert timedelta(hours=5) < later.iloc[0] - failed < timedelta(hours=31)
                assert not stamps.between(failed, later.iloc[0]).any()


def test_the_same_seed_gives_the_same_devices_whatever_the_size_and_length(fleet: Fleet):
    few = simulate_fleet(fleet.device_model, 3, START, 60 * 24, seed=7)
    end = START + timedelta(days=60)
    same = fleet.cut(end)[0]
    names = set(few.devices["name"])
    pd.testing.assert_frame_equal(few.devices, fleet.devices.head(3))
    inside = same.readings[same.readings["device"].isin(names)].reset_index(drop=True)
    pd.testing.assert_frame_equal(few.readings, inside, check_exact=True)
    other = simulate_fleet(fleet.device_model, 3, START, 60 * 24, seed=8)
    assert not np.allclose(other.readings.iloc[:100, 2:], few.readings.iloc[:100, 2:])


def test_a_cut_shares_nothing_and_loses_nothing(fleet: Fleet):
    at = START + timedelta(days=100, minutes=7)
    history, live = fleet.cut(at)
    assert history.readings["ts"].max() < at <= live.readings["ts"].min()
    assert len(history.readings) + len(live.readings) == len(fleet.readings)
    assert len(history.events) + len(live.events) == len(fleet.events)


def test_customers_sites_and_service_centres_are_several(fleet: Fleet):
    assert fleet.devices["customer"].nunique() >= 4
    assert fleet.devices["site"].nunique() >= 6
    assert fleet.devices["service_centre"].nunique() == 3
    assert fleet.devices["serial"].is_unique


@pytest.mark.parametrize(
    ("model", "devices", "start", "problem"),
    [
        ("toaster", 1, START, "no simulated fleet 'toaster'"),
        ("heat_pump", 0, START, "0 devices"),
        ("heat_pump", 1, START.replace(tzinfo=None), "no time zone"),
    ],
)
def test_an_impossible_fleet_is_refused(model: str, devices: int, start: datetime, problem: str):
    with pytest.raises(InvalidSimulationError, match=problem):
        simulate_fleet(model, devices, start, 24, seed=0)
