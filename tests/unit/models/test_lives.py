"""Where lives end, and which of the ends are failures."""

from __future__ import annotations

import pandas as pd
import pytest

from domain.device_model import DeviceModel, FailureMode
from models.errors import FrameError
from models.lives import current_life_starts, find_lives, life_endings

START = pd.Timestamp("2026-01-01", tz="UTC")
COLUMNS = ["device", "ts", "kind", "code", "component", "failure_mode"]


def events(*rows: tuple[int, str, str, str, str], device: str = "a") -> pd.DataFrame:
    frame = pd.DataFrame([(device, START + pd.Timedelta(hours=h), *rest) for h, *rest in rows], columns=COLUMNS)
    return frame.astype({"ts": "datetime64[us, UTC]"})


def readings(hours: list[float], device: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"device": device, "ts": START + pd.to_timedelta(hours, unit="h")})


@pytest.mark.parametrize(
    ("event", "ends", "fails"),
    [
        ((5, "failure", "bearing_wear", "", ""), True, True),
        ((5, "failure", "bearing_seized", "bearing", ""), True, True),
        ((5, "maintenance", "confirmed", "bearing", "bearing_wear"), True, True),
        ((5, "maintenance", "confirmed", "", "bearing_wear"), True, True),
        ((5, "maintenance", "confirmed", "bearing", "cage_broken"), True, False),
        ((5, "maintenance", "worn", "bearing", "bearing_wear"), True, False),
        ((5, "maintenance", "replaced", "bearing", ""), True, False),
        ((5, "failure", "cage_broken", "", ""), True, False),
        ((5, "maintenance", "no_fault_found", "bearing", "bearing_wear"), False, False),
        ((5, "maintenance", "replaced", "seal", ""), False, False),
        ((5, "failure", "seal_leak", "seal", ""), False, False),
        ((5, "error", "bearing_wear", "bearing", ""), False, False),
    ],
)
def test_what_ends_a_life(
    pump: DeviceModel, wear: FailureMode, event: tuple[int, str, str, str, str], ends: bool, fails: bool
) -> None:
    lives = find_lives(readings(list(range(10))), events(event), pump, wear)
    assert lives.of_row.tolist() == ([0] * 6 + [1] * 4 if ends else [0] * 10)
    assert lives.failed.tolist() == ([fails, False] if ends else [False])


def test_a_reading_at_the_failure_belongs_to_the_life_that_failed(pump: DeviceModel, wear: FailureMode) -> None:
    lives = find_lives(readings([1, 2, 3]), events((2, "failure", "bearing_wear", "", "")), pump, wear)
    assert lives.of_row.tolist() == [0, 0, 1]
    assert (lives.left_ms / 3_600_000).tolist() == [1, 0, 0]
    assert (lives.age_ms / 3_600_000).tolist() == [0, 1, 0]


def test_a_failure_that_is_reported_again_or_confirmed_by_its_repair_counts_once(
    pump: DeviceModel, wear: FailureMode
) -> None:
    history = events(
        (50, "failure", "bearing_wear", "bearing", ""),
        (51, "failure", "bearing_wear", "bearing", ""),
        (60, "maintenance", "confirmed", "bearing", "bearing_wear"),
        (70, "failure", "bearing_wear", "bearing", ""),
        (500, "maintenance", "confirmed", "bearing", "bearing_wear"),
    )
    assert life_endings(history, pump, wear)["failed"].tolist() == [True, False, False, True, True]


def test_devices_keep_apart_and_their_order_is_that_of_the_readings(pump: DeviceModel, wear: FailureMode) -> None:
    telemetry = pd.concat([readings([1, 2, 3], "z"), readings([1, 2, 3], "b")], ignore_index=True)
    history = pd.concat(
        [
            events((1, "failure", "bearing_wear", "", ""), device="b"),
            events((2, "maintenance", "worn", "bearing", ""), device="z"),
            events((2, "failure", "bearing_wear", "", ""), device="unheard-of"),
        ]
    )
    lives = find_lives(telemetry, history, pump, wear)
    assert lives.of_row.tolist() == [0, 0, 1, 2, 3, 3]
    assert lives.failed.tolist() == [False, False, True, False]


def test_the_present_life_starts_with_the_last_renewal(pump: DeviceModel, wear: FailureMode) -> None:
    history = events(
        (5, "maintenance", "worn", "bearing", ""),
        (9, "failure", "bearing_wear", "bearing", ""),
        (12, "failure", "seal_leak", "seal", ""),
    )
    assert current_life_starts(history, pump, wear) == {"a": START + pd.Timedelta(hours=9)}
    assert current_life_starts(history.iloc[:0], pump, wear) == {}


@pytest.mark.parametrize(("hours", "word"), [([2, 1], "not sorted"), ([1, 1], "twice")])
def test_unordered_and_double_readings_are_refused(
    pump: DeviceModel, wear: FailureMode, hours: list[float], word: str
) -> None:
    with pytest.raises(FrameError, match=word):
        find_lives(readings(hours), events(), pump, wear)


def test_missing_columns_are_named(pump: DeviceModel, wear: FailureMode) -> None:
    with pytest.raises(FrameError, match="column ts"):
        find_lives(readings([1]).drop(columns="ts"), events(), pump, wear)
    with pytest.raises(FrameError, match="column code"):
        find_lives(readings([1]), events().drop(columns="code"), pump, wear)
