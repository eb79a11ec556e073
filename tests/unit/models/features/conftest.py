"""A device model that declares every sort of feature, and a small irregular fleet of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from domain.catalog import parse_device_model
from domain.device_model import DeviceModel, FailureMode
from models.features import FeaturePlan, History, fit_features
from tests.unit.models.conftest import failure_mode

RIG = f"""
[device_model]
name = "rig"
title = "Rig"
reading_interval = "1h"
currency = "EUR"
[features]
windows = ["6h", "24h"]
statistics = ["mean", "slope", "spread", "minimum", "maximum", "change"]
[[component]]
name = "motor"
title = "Motor"
[[component]]
name = "belt"
title = "Belt"
[[channel]]
name = "speed"
title = "Speed"
unit = "rpm"
kind = "setting"
[[channel]]
name = "torque"
title = "Torque"
unit = "Nm"
low = -1000
high = 1000
[[channel]]
name = "faults"
title = "Faults"
unit = "1"
kind = "counter"
[[derived]]
name = "power"
title = "Power"
unit = "kW"
formula = "torque * speed * 0.10472 / 1000"
[[attribute]]
name = "size"
title = "Size"
unit = "kW"
[[attribute]]
name = "maker"
title = "Maker"
kind = "category"
{failure_mode("burnt", "Motor burnt", "motor")}
"""
START = pd.Timestamp("2026-01-01", tz="UTC")


@pytest.fixture(scope="session")
def rig() -> DeviceModel:
    return parse_device_model(RIG, "rig.toml")


@pytest.fixture(scope="session")
def burnt(rig: DeviceModel) -> FailureMode:
    return rig.failure_mode("burnt")


@pytest.fixture(scope="session")
def known(rig: DeviceModel) -> History:
    return rigs(7)


@pytest.fixture(scope="session")
def plan(known: History, rig: DeviceModel, burnt: FailureMode) -> FeaturePlan:
    return fit_features(known, rig, burnt)


def rigs(seed: int, rows: int = 90) -> History:
    """Four rigs with gaps, holes, resets, two speeds, errors, and a renewal of motor or belt here and there."""
    random = np.random.default_rng(seed)
    readings, events, components = [], [], []
    for name in ("a", "b", "c", "d"):
        hours = np.cumsum(random.choice([0.25, 1.0, 1.0, 30.0], rows, p=[0.2, 0.4, 0.35, 0.05]))
        speed = random.choice([900.0, 1500.0], rows)
        faults = np.cumsum(random.integers(0, 2, rows) * random.integers(0, 3, rows)).astype(float)
        faults[rows // 2 :] -= faults[rows // 2]
        torque = speed / 30 + random.normal(0, 1, rows)
        torque[random.uniform(size=rows) < 0.2] = np.nan
        faults[random.uniform(size=rows) < 0.2] = np.nan
        ts = (START + pd.to_timedelta(hours, unit="h")).as_unit("us")
        readings.append(pd.DataFrame({"device": name, "ts": ts, "speed": speed, "torque": torque, "faults": faults}))
        for kind, code, component in (
            ("error", "E1", ""),
            ("error", "E.2", ""),
            ("maintenance", "greased", ""),
            ("maintenance", "replaced", "belt"),
            ("failure", "burnt", "motor"),
        ):
            instants = START + pd.to_timedelta(random.uniform(0, hours[-1], 4 if kind == "error" else 1), unit="h")
            events += [(name, instant, kind, code, component, "") for instant in instants]
        components += [(name, part, START - pd.Timedelta(days=9)) for part in ("motor", "belt")]
    columns = ["device", "ts", "kind", "code", "component", "failure_mode"]
    history = pd.DataFrame(events, columns=columns).astype({"ts": "datetime64[us, UTC]"})
    installed = START - pd.to_timedelta([9, 8, 7, 9999], unit="D")
    return History(
        pd.concat(readings, ignore_index=True),
        history.sort_values(["device", "ts"], ignore_index=True),
        pd.DataFrame(
            {
                "device": ["a", "b", "c", "d"],
                "installed_at": installed,
                "size": [1.0, 2.0, np.nan, 2.0],
                "maker": ["X", "Y", None, "X"],
            }
        ),
        pd.DataFrame(components, columns=["device", "component", "installed_at"]),
    )
