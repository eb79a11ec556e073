"""Pieces of history become rows."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from aftercare.wiring import load_catalog
from domain.device_model import Attribute, AttributeKind
from ingest.history_devices import KnownDevices
from ingest.history_instants import Instants
from ingest.history_pieces import Piece
from ingest.history_rejects import Rejects
from ingest.history_rows import to_devices, to_events, to_readings

MODEL = load_catalog()["turbofan_fd001"]
NAMES = [channel.name for channel in MODEL.channels]
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_US = 1_769_860_800_000_000


def piece(**columns):
    rows = pd.DataFrame(columns)
    return Piece(pd.RangeIndex(2, 2 + len(rows)), rows)


def readings(**columns):
    length = len(columns["ts"])
    rejects = Rejects("data frame")
    complete = {"device": ["d"] * length, **{name: [""] * length for name in NAMES}, **columns}
    return to_readings(piece(**complete), MODEL, KnownDevices({"d": 1}), Instants(), rejects), rejects


@pytest.mark.parametrize(
    "ts",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31 12:00:00",
        "2026-01-31T13:00:00+01:00",
        "1769860800000",
        1_769_860_800_000,
        1_769_860_800_000.0,
        NOON,
        pd.Timestamp(NOON).tz_localize(None),
    ],
)
def test_instants_in_every_form_and_utc_without_a_zone(ts):
    history, rejects = readings(ts=[ts], mach=[0.8])

    assert rejects.first == []
    assert (history.block.device_id.tolist(), history.block.ts.tolist()) == ([1], [NOON_US])


def test_mixed_forms_in_one_column_are_each_read():
    history, rejects = readings(
        ts=["1769860800001", "2026-01-31T12:00:00Z", "nonsense", "1769860800", ""], mach=["1", "2", "3", "4", "5"]
    )

    assert history.block.ts.tolist() == [NOON_US, NOON_US + 1000]
    assert rejects.count == 3
    assert all("ts is not an instant" in reason for reason in rejects.first)


@pytest.mark.parametrize("field", ["abc", "inf", "-inf", "1,5", float("inf")])
def test_a_field_that_is_no_finite_number_rejects_its_row(field):
    history, rejects = readings(ts=[NOON, NOON], mach=["1", field], altitude=[1, 2])

    assert len(history.block) == 1
    assert rejects.first == ["data frame line 3: mach is not a finite number"]


@pytest.mark.parametrize("field", ["", " ", "nan", "NA", "null", None, float("nan")])
def test_an_empty_field_is_no_value(field):
    history, rejects = readings(ts=[NOON], mach=[field], altitude=["1"])

    assert rejects.count == 0
    (values,) = history.block.values
    assert np.isnan(values[NAMES.index("mach")])
    assert values[NAMES.index("altitude")] == 1.0


def test_rows_of_one_instant_are_put_together_and_the_first_value_wins():
    history, _ = readings(ts=[NOON] * 3, mach=["", "0.8", "0.9"], altitude=["1", "", ""])

    (values,) = history.block.values
    assert values[NAMES.index("mach")] == 0.8
    assert values[NAMES.index("altitude")] == 1.0
    assert (history.merged, history.conflicts) == (2, 1)


def test_a_device_that_is_not_registered_rejects_its_rows():
    history, rejects = readings(ts=[NOON] * 2, mach=[1, 2], device=["d", "other"])

    assert len(history.block) == 1
    assert "not registered" in rejects.first[0]


def test_events_and_why_some_are_none():
    rejects = Rejects("data frame")
    table = piece(
        device=["d"] * 5,
        ts=["2026-01-31", NOON, 1_769_860_800_000, "soon", NOON],
        kind=["failure", "maintenance", "explosion", "log", "log"],
        code=["c", float("nan"), "", "", ""],
        component=["", "fan", "", "", ""],
        detail=["", '{"failure_mode": "m"}', "", "", "[1]"],
    )

    events = list(to_events(table, Instants(), rejects))

    assert [(line, event.code, event.component, dict(event.detail)) for line, event in events] == [
        (2, "c", "", {}),
        (3, "", "fan", {"failure_mode": "m"}),
    ]
    assert [reason.split(":")[0] for reason in rejects.first] == [f"data frame line {line}" for line in (4, 5, 6)]


def test_devices_belong_to_main_unless_they_say_otherwise():
    rejects = Rejects("data frame")
    table = piece(
        name=["a", "b", "c d"],
        serial=["1", "2\0", "3"],
        customer=["", "", ""],
        site=["", "", ""],
        service_centre=["", "north", ""],
        installed_at=["2020-01-01", "", ""],
        firmware=["", "", ""],
    )

    ((line, device),) = to_devices(table, MODEL, UTC, rejects)

    assert line == 2
    assert (device.name, device.service_centre, device.installed_at) == ("a", "main", datetime(2020, 1, 1, tzinfo=UTC))
    assert rejects.count == 2


def test_attributes_are_those_that_the_catalog_declares():
    declared = (
        Attribute("size", "Size", "kW", AttributeKind.NUMBER),
        Attribute("maker", "Maker", "1", AttributeKind.CATEGORY),
    )
    rejects = Rejects("data frame")
    table = piece(
        name=["a", "b", "c"],
        **dict.fromkeys(["serial", "customer", "site", "service_centre", "installed_at", "firmware"], [""] * 3),
        size=["7.5", "", "large"],
        maker=["acme", "nan", "acme"],
    )

    devices = to_devices(table, replace(MODEL, attributes=declared), UTC, rejects)

    assert [dict(device.attributes) for _, device in devices] == [{"size": 7.5, "maker": "acme"}, {}]
    assert rejects.first == ["data frame line 4: size 'large' is not a number"]
