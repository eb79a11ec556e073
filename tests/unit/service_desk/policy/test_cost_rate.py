"""What an hour of useful life is worth, as a version's hazards tell it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from aftercare.wiring import load_catalog
from domain.device_model import DeviceModel, FailureMode
from models.evaluation import hours
from models.hazard_curve import HazardCurve, learn_curve
from service_desk.policy.cost_rate import learn_cost_rate, prices_of
from service_desk.policy.fleet import recall

START = pd.Timestamp("2026-01-01", tz="UTC")
LIFE, FLEET = 600, 6


@pytest.fixture(scope="module")
def heat_pump() -> DeviceModel:
    return load_catalog()["heat_pump"]


@pytest.fixture(scope="module")
def mode(heat_pump: DeviceModel) -> FailureMode:
    return heat_pump.failure_modes[0]


@pytest.fixture(scope="module")
def held_out() -> pd.DataFrame:
    """Devices that all fail after `LIFE` hours, told rightly."""
    left = np.arange(LIFE - 1.0, -1, -1)
    ts = pd.date_range(START, periods=LIFE, freq="h")
    return pd.concat(
        [
            pd.DataFrame({"device": f"d{number}", "ts": ts, "raw": np.exp(-left / 10), "predicted": left, "left": left})
            for number in range(FLEET)
        ],
        ignore_index=True,
    ).assign(fold=lambda frame: frame["device"].str[1:].astype(int) % 2)


@pytest.fixture(scope="module")
def events(mode: FailureMode) -> pd.DataFrame:
    ends = START + pd.Timedelta(hours=LIFE - 1)
    names = [f"d{number}" for number in range(FLEET)]
    return pd.DataFrame(
        {
            "device": names,
            "ts": ends,
            "kind": "failure",
            "code": mode.event_codes[0],
            "component": mode.component,
            "failure_mode": mode.name,
        }
    )


@pytest.fixture(scope="module")
def curve(held_out: pd.DataFrame, events: pd.DataFrame, heat_pump: DeviceModel, mode: FailureMode) -> HazardCurve:
    fleet = recall(held_out, events, heat_pump, mode)
    return learn_curve(fleet.lives, fleet.told, heat_pump, mode, only_at=np.array([hours(mode.lead_time)]))


def test_who_is_told_rightly_pays_one_planned_visit_for_nearly_a_whole_life(
    held_out: pd.DataFrame, events: pd.DataFrame, curve: HazardCurve, heat_pump: DeviceModel, mode: FailureMode
) -> None:
    rate = learn_cost_rate(held_out, events, curve, heat_pump, mode)
    assert rate is not None
    assert 1 / LIFE < rate < 1.1 / LIFE


def test_who_is_told_nothing_pays_for_emergencies_or_visits_in_vain(
    held_out: pd.DataFrame, events: pd.DataFrame, curve: HazardCurve, heat_pump: DeviceModel, mode: FailureMode
) -> None:
    blind = held_out.assign(raw=0.1, predicted=200.0, left=200.0)
    rate = learn_cost_rate(blind, events, curve, heat_pump, mode)
    prices = prices_of(heat_pump, mode)
    assert rate == pytest.approx(prices.emergency / prices.planned / LIFE, rel=0.01)


def test_all_prices_may_rise_alike(
    held_out: pd.DataFrame, events: pd.DataFrame, curve: HazardCurve, heat_pump: DeviceModel, mode: FailureMode
) -> None:
    costs = mode.costs
    dearer = replace(
        mode,
        kit=[replace(line, quantity=2 * line.quantity) for line in mode.kit],
        costs=replace(
            costs, planned_visit=costs.planned_visit.times(2), emergency_visit=costs.emergency_visit.times(2)
        ),
    )
    assert learn_cost_rate(held_out, events, curve, heat_pump, dearer) == pytest.approx(
        learn_cost_rate(held_out, events, curve, heat_pump, mode)
    )


def test_where_an_emergency_is_no_dearer_there_is_nothing_to_prevent(
    held_out: pd.DataFrame, events: pd.DataFrame, curve: HazardCurve, heat_pump: DeviceModel, mode: FailureMode
) -> None:
    cheap = replace(mode, costs=replace(mode.costs, emergency_visit=mode.costs.planned_visit))
    assert learn_cost_rate(held_out, events, curve, heat_pump, cheap) is None
