"""A small device model and a fleet that wears, in frames as the store gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from domain.catalog import parse_device_model
from domain.device_model import DeviceModel, FailureMode
from models.features import History
from models.training import TrainingOutcome, train


def failure_mode(name: str, title: str, component: str, event_codes: Sequence[str] = ()) -> str:
    """As a catalog file declares it, with the costs and times that all of these tests share."""
    return f"""
[[failure_mode]]
name = "{name}"
title = "{title}"
component = "{component}"
horizon = "40h"
lead_time = "20h"
rul_cap = "120h"
gate_precision = 0.7
event_codes = {[*event_codes] or [name]}
[failure_mode.cost]
planned_visit = 100
emergency_visit = 1000
needless_visit = 50
"""


PUMP = f"""
[device_model]
name = "pump"
title = "Pump"
reading_interval = "1h"
currency = "EUR"
[features]
windows = ["6h", "24h"]
baseline = "24h"
[[component]]
name = "bearing"
title = "Bearing"
[[component]]
name = "seal"
title = "Seal"
[[part]]
part_no = "B-1"
description = "Bearing"
unit_cost = 100
lead_time = "7d"
[[channel]]
name = "speed"
title = "Speed"
unit = "rpm"
kind = "setting"
[[channel]]
name = "vibration"
title = "Vibration"
unit = "mm/s"
[[channel]]
name = "temperature"
title = "Bearing temperature"
unit = "degC"
low = -40
high = 200
[[channel]]
name = "stuck"
title = "Sensor that never moves"
unit = "1"
[[channel]]
name = "absent"
title = "Sensor that is not fitted"
unit = "1"
{failure_mode("bearing_wear", "Bearing worn", "bearing", ["bearing_wear", "bearing_seized"])}
{failure_mode("cage_broken", "Bearing cage broken", "bearing")}
{failure_mode("seal_leak", "Seal leaks", "seal")}
"""
START = pd.Timestamp("2026-01-01", tz="UTC")


@pytest.fixture(scope="session")
def pump() -> DeviceModel:
    return parse_device_model(PUMP, "pump.toml")


@pytest.fixture(scope="session")
def wear(pump: DeviceModel) -> FailureMode:
    return pump.failure_mode("bearing_wear")


@pytest.fixture(scope="session")
def fleet() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Twelve pumps of 300 h; ten fail once at 160 to 250 h and are repaired, two never fail. Vibration grows before."""
    random = np.random.default_rng(1)
    readings, events = [], []
    for number in range(12):
        hours = np.arange(300) + random.uniform(-0.2, 0.2, 300)
        ends = 160.0 + 10 * number if number < 10 else np.inf
        left = np.where(hours <= ends, ends - hours, 1000.0)
        wear = np.exp(-np.minimum(left, 1000) / 40)
        name = f"pump-{number:02d}"
        readings.append(
            pd.DataFrame(
                {
                    "device": name,
                    "ts": (START + pd.to_timedelta(hours, unit="h")).as_unit("us"),
                    "speed": 1500.0,
                    "vibration": 2 + 0.1 * number + 3 * wear + random.normal(0, 0.15, 300),
                    "temperature": 60 + 10 * wear + random.normal(0, 1, 300),
                    "stuck": 7.0,
                    "absent": np.nan,
                }
            )
        )
        if np.isfinite(ends):
            events.append((name, START + pd.Timedelta(hours=ends), "failure", "bearing_wear", "bearing", ""))
    return pd.concat(readings, ignore_index=True), make_events(events)


@pytest.fixture(scope="session")
def outcome(fleet: tuple[pd.DataFrame, pd.DataFrame], pump: DeviceModel, wear: FailureMode) -> TrainingOutcome:
    readings, events = fleet
    return train(History(readings, events), pump, wear)


def make_events(rows: list[tuple[str, pd.Timestamp, str, str, str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["device", "ts", "kind", "code", "component", "failure_mode"])
    return frame.astype({"ts": "datetime64[us, UTC]"})
