"""Twins and commands in the console: forms are sent as a browser without JavaScript does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aftercare.access import COOKIE
from domain.account import Role
from domain.device import Device
from store import devices

from .conftest import session_of

SIGHT = "<script>alert(1)</script>"


@pytest.fixture
def fleet(site: Any) -> Any:
    """Three heat pumps, one of them elsewhere."""
    with site.desk.database.transaction() as connection:
        devices.save(
            connection,
            [
                Device(name, "heat_pump", service_centre="north", customer="Acme", site=where)
                for name, where in (("hp-1", "Hall 1"), ("hp-2", "Hall 1"), ("hp-3", "Hall 2"))
            ],
        )
    return site


def test_a_command_is_sent_by_its_form_and_called_back(fleet: Any) -> None:
    with fleet.client(follow_redirects=True) as client:
        page = client.get("/devices/hp-1/diagnostics").text
        assert 'name="argument.interval_seconds"' in page
        asked = client.post(
            "/commands", data={"device": "hp-1", "command": "sampling", "argument.interval_seconds": "5"}
        )
        assert asked.url.path == "/commands/1"
        assert "Queued" in asked.text
        assert "Call it back" in asked.text
        assert "5.0" in asked.text or ">5<" in asked.text
        assert "data-ended" not in client.get("/commands/1/progress").text
        assert "Cancelled" in client.post("/commands/1/cancel").text
        assert "data-ended" in client.get("/commands/1/progress").text
        assert client.post("/commands/1/cancel").status_code == 409
        assert "Sampling" in client.get("/devices/hp-1").text
        assert client.get("/commands?device=hp-1&state=cancelled").text.count("command-cancelled") == 1
        assert "No command is so" in client.get("/commands?state=running").text


NOT_SENT: list[tuple[dict[str, str], int]] = [
    ({"device": "hp-9", "command": "snapshot"}, 404),
    ({"device": "hp-1", "command": "explode"}, 404),
    ({"device": "hp-1", "command": "restart"}, 409),
    ({"device": "hp-1", "command": "log", "argument.lines": "many"}, 422),
    ({"device": "hp-1", "command": "log", "argument.lines": "0"}, 422),
    ({"device": "hp-1", "command": "snapshot", "ticket_id": "x"}, 422),
    ({"device": "hp-1", "command": "snapshot", "ticket_id": "7"}, 404),
    ({}, 404),
]


def test_what_does_not_work_is_told_and_nothing_is_queued(fleet: Any) -> None:
    with fleet.client() as client:
        for form, status in NOT_SENT:
            assert client.post("/commands", data=form).status_code == status, form
        for change in ({"version": "0", "settings": ""}, {"version": "0", "settings": "eco"}, {"settings": "a=1"}):
            assert client.post("/devices/hp-1/twin", data=change).status_code == 422, change
        assert client.post("/devices/nobody/twin", data={"version": "0", "settings": "a=1"}).status_code == 404
        assert client.get("/commands/9").status_code == 404
    assert fleet.desk.value("SELECT count(*) FROM commands") == 0
    assert fleet.desk.value("SELECT count(*) FROM twin_changes") == 0


def test_a_twin_is_changed_after_a_look_at_the_change(fleet: Any) -> None:
    with fleet.client(follow_redirects=True) as client:
        form = {"version": "0", "settings": f"mode = eco\nnote = {SIGHT}"}
        shown = client.post("/devices/hp-1/twin", data=form)
        assert "Change it" in shown.text
        assert SIGHT not in shown.text
        assert fleet.desk.value("SELECT count(*) FROM twin_changes") == 0

        done = client.post("/devices/hp-1/twin", data={**form, "confirmed": "yes"})
        assert done.url.path == "/devices/hp-1/diagnostics"
        assert re.search(r"mode</strong>.*?&#34;eco&#34;.*?On its way to the broker", done.text, re.DOTALL)
        assert SIGHT not in done.text
        assert "2 settings are not as desired" in client.get("/devices/hp-1").text
        assert client.post("/devices/hp-1/twin", data={**form, "confirmed": "yes"}).status_code == 409
        again = client.post("/devices/hp-1/twin", data={**form, "version": "1"}).text
        assert "nothing would change" in again
        assert "Change it<" not in again


def test_many_devices_are_asked_and_told_one_by_one(fleet: Any) -> None:
    with fleet.client(follow_redirects=True) as client:
        where = {"device_model": "heat_pump", "customer": "Acme", "site": "Hall 1"}
        page = client.get("/fleet-commands", params=where).text
        assert "2 devices" in page
        assert "hp-1, hp-2" in page
        told = client.post("/fleet-commands", data={**where, "devices": "2", "command": "snapshot"})
        assert told.url.path == "/fleet-commands/1"
        assert "0 of 2 ended" in told.text
        assert "hp-3" not in told.text
        assert "Queued 2" in client.get("/fleet-commands/1/progress").text
        assert client.get("/fleet-commands/1?state=succeeded").text.count("/devices/hp-") == 0
        assert "/fleet-commands/1" in client.get("/commands").text

        for form, status in (
            ({**where, "devices": "3", "command": "snapshot"}, 422),
            ({**where, "devices": "2", "command": "restart"}, 409),
            ({**where, "site": "Hall 9", "devices": "0", "command": "snapshot"}, 404),
            ({"devices": "3", "command": "snapshot"}, 404),
        ):
            assert client.post("/fleet-commands", data=form).status_code == status
        assert client.get("/fleet-commands/9").status_code == 404


def test_whoever_may_not_send_sees_and_is_offered_nothing(fleet: Any) -> None:
    with fleet.client(cookies={COOKIE: session_of(fleet.desk.database, "vera", Role.VIEWER)}) as client:
        page = client.get("/devices/hp-1/diagnostics").text
        assert "Ask the device" not in page
        assert "Look at the change" not in page
        for path in ("/commands", "/fleet-commands", "/devices/hp-1/twin"):
            assert client.post(path, data={"device": "hp-1", "command": "snapshot"}).status_code == 403
    with fleet.client(cookies={COOKIE: session_of(fleet.desk.database, "otto", Role.OPERATOR)}) as client:
        page = client.get("/devices/hp-1/diagnostics").text
        assert "Needs the role planner" in page
        assert "Look at the change" not in page
        assert client.post("/devices/hp-1/twin", data={"version": "0", "settings": "a=1"}).status_code == 403
