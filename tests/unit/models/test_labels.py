"""What is known of the time after each reading."""

from __future__ import annotations

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode
from models.labels import build_labels, capped_life

START = pd.Timestamp("2026-01-01", tz="UTC")


def test_failed_and_censored_lives(pump: DeviceModel, wear: FailureMode) -> None:
    hours = [0, 59, 60, 100, 110, 151, 160]
    readings = pd.DataFrame({"device": "a", "ts": START + pd.to_timedelta(hours, unit="h")})
    events = pd.DataFrame(
        [
            ("a", START + pd.Timedelta(hours=100), "failure", "bearing_wear", "bearing", ""),
            ("a", START + pd.Timedelta(hours=151), "maintenance", "worn", "bearing", "bearing_wear"),
        ],
        columns=["device", "ts", "kind", "code", "component", "failure_mode"],
    )
    labels = build_labels(readings, events, pump, wear)
    # The horizon is 40 h: 110 h is known to have outlived it by one hour, 151 h and 160 h were censored before.
    np.testing.assert_array_equal(labels["fails_within"], [0, 0, 1, 1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(labels["rul"], [100, 41, 40, 0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(labels["survived"], [100, 41, 40, 0, 41, 0, 0])
    assert labels["life"].tolist() == [0, 0, 0, 0, 1, 1, 2]


def test_a_censored_life_tells_that_it_outlived_the_cap_and_nothing_else() -> None:
    labels = pd.DataFrame({"rul": [30.0, 200.0, np.nan, np.nan], "survived": [30.0, 200.0, 120.0, 119.0]})
    np.testing.assert_array_equal(capped_life(labels, 120.0), [30, 120, 120, np.nan])
