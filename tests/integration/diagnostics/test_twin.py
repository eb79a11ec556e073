"""Both sides of a twin, over the real broker."""

from __future__ import annotations

import orjson
import pytest
from paho.mqtt.client import MQTTMessage

from diagnostics.twin import desire
from diagnostics.twin_documents import delta
from domain.clock import system_clock
from domain.errors import ConflictError, InvalidInputError, NotFoundError
from domain.twin import Twin, TwinSide
from store import twins

from .conftest import LONG_AGO, Station, wait_for


def twin_of(station: Station, device: str) -> Twin:
    with station.database.transaction() as connection:
        return twins.get(connection, device)


def want(station: Station, device: str, changes: dict[str, object], version: int | None = None) -> Twin:
    with station.database.transaction() as connection:
        return desire(connection, device, changes, who="anna", now=system_clock(), expected_version=version)


def test_what_is_desired_waits_for_the_device_and_is_not_touched_by_what_it_reports(speaking_station: Station) -> None:
    station = speaking_station
    [device] = station.register()
    want(station, device, {"sampling_seconds": 60, "mode": {"night": True, "limit": 40}})
    assert want(station, device, {"mode": {"limit": 45}}).desired_version == 2
    wait_for(lambda: twin_of(station, device).delivered_version == 2)

    heard: list[MQTTMessage] = []
    station.devices.client.message_callback_add(f"devices/{device}/twin/desired", lambda *got: heard.append(got[2]))
    station.devices.client.subscribe(f"devices/{device}/twin/desired", qos=1)
    wait_for(lambda: bool(heard))
    assert heard[0].retain
    assert orjson.loads(heard[0].payload) == {
        "version": 2,
        "desired": {"sampling_seconds": 60, "mode": {"night": True, "limit": 45}},
    }

    reported = {"sampling_seconds": 60, "mode": {"night": True, "limit": 40}}
    station.devices.report(device, ts=LONG_AGO, reported=reported, version=2, refused={"mode": "limit is 40"})
    wait_for(lambda: twin_of(station, device).reported_at is not None)
    twin = twin_of(station, device)
    assert twin.desired["mode"]["limit"] == 45
    assert delta(twin.desired, twin.reported) == {"mode": {"limit": 45}}
    assert (twin.looked_at_version, twin.refused) == (2, {"mode": "limit is 40"})
    with station.database.transaction() as connection:
        history = twins.history(connection, device, limit=10)
    assert [(one.side, one.who) for one in history] == [
        (TwinSide.REPORTED, device),
        (TwinSide.DESIRED, "anna"),
        (TwinSide.DESIRED, "anna"),
    ]


def test_a_changed_setting_firmware_and_component_leave_their_traces(speaking_station: Station) -> None:
    station = speaking_station
    [device] = station.register()

    def report(after: int, sampling: int, firmware: str, serial: str) -> None:
        station.devices.report(
            device,
            ts=LONG_AGO + after,
            reported={"sampling": sampling},
            firmware=firmware,
            components=[{"component": "compressor", "serial": serial, "revision": "B"}],
        )

    report(0, 60, "2.4.0", "S1")
    report(1000, 10, "2.4.1", "S2")
    report(500, 99, "2.3.0", "S0")  # late: older than what is known
    wait_for(lambda: twin_of(station, device).reported == {"sampling": 10})

    assert sorted(station.rows("SELECT kind, code, detail FROM device_events WHERE kind = 'config'")) == [
        ("config", "firmware", {"before": "2.4.0", "after": "2.4.1"}),
        ("config", "sampling", {"before": 60, "after": 10}),
    ]
    assert station.rows("SELECT firmware FROM devices WHERE name = %s", device) == [("2.4.1",)]
    built_in = "SELECT serial, removed_at IS NULL FROM components WHERE component = 'compressor' ORDER BY installed_at"
    assert station.rows(built_in) == [("S1", False), ("S2", True)]
    assert station.rejected() == []


def test_documents_of_the_wrong_shape_are_refused_with_the_reason(speaking_station: Station) -> None:
    station = speaking_station
    [device] = station.register()
    for document in (
        {"ts": LONG_AGO, "reported": [1]},
        {"ts": LONG_AGO},
        {"reported": {"a": 1}},
        {"ts": LONG_AGO, "reported": {"a": "\u0000"}},
        {"ts": LONG_AGO * 1000, "reported": {"a": 1}},
        {"ts": 4_000_000_000_000, "reported": {"a": 1}},
        {"ts": LONG_AGO, "reported": {"a": "x" * 70_000}},
        {"ts": LONG_AGO, "reported": {}, "components": [{"serial": "1"}]},
    ):
        station.devices.report(device, **document)
    station.devices.report(f"{device}-unknown", ts=LONG_AGO, reported={})

    wait_for(lambda: len(station.rejected()) == 9)

    assert sorted(station.rejected()) == ["future", "shape", "ts", "ts", *["twin"] * 4, "unknown_device"]
    assert twin_of(station, device).reported_at is None


def test_a_wish_that_cannot_be_is_refused(station: Station) -> None:
    [device] = station.register()
    want(station, device, {"a": 1})
    assert want(station, device, {"a": 1.0}).desired_version == 1
    assert want(station, device, {"a": None}).desired == {}

    for kind, name, changes, version in (
        (ConflictError, device, {"a": 2}, 1),
        (InvalidInputError, device, {}, None),
        (InvalidInputError, device, {"": 1}, None),
        (InvalidInputError, device, {"a": "x" * 70_000}, None),
        (NotFoundError, "nobody", {"a": 1}, None),
    ):
        with pytest.raises(kind):
            want(station, name, changes, version)
