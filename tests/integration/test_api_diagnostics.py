"""Commands and twins over HTTP and on the command line; what devices answer is in tests/integration/diagnostics."""

from __future__ import annotations

import json
from collections.abc import Callable

from aftercare.access import COOKIE
from domain.account import Role
from domain.device import Device
from store import devices

from .conftest import Desk, Site, session_of

V1 = "/api/v1"


def register(desk: Desk, *names: str) -> None:
    with desk.database.transaction() as connection:
        devices.save(connection, [Device(name, "heat_pump", service_centre="north") for name in names])


def test_a_command_is_asked_for_looked_at_and_called_back(site: Site) -> None:
    register(site.desk, "hp-1", "hp-2")
    with site.client() as client:
        types = client.get(f"{V1}/devices/hp-1/command-types").json()
        assert "restart" in [one["name"] for one in types]
        asked = client.post(f"{V1}/commands", json={"device": "hp-1", "command": "snapshot"})
        assert (asked.status_code, asked.json()["state"]) == (201, "queued")
        command_id = asked.json()["command_id"]
        fleet = client.post(f"{V1}/fleet-commands", json={"devices": ["hp-1", "hp-2", "hp-3"], "command": "snapshot"})
        assert list(fleet.json()["refused"]) == ["hp-3"]
        fleet_id = fleet.json()["fleet"]["fleet_id"]
        assert client.get(f"{V1}/fleet-commands/{fleet_id}").json()["states"] == {"queued": 2}
        listed = client.get(f"{V1}/commands", params={"device": "hp-1", "limit": 1}).json()
        assert (
            client.get(f"{V1}/commands", params={"device": "hp-1", "after": listed["next"]}).json()["items"][0][
                "command_id"
            ]
            == command_id
        )
        assert client.post(f"{V1}/commands/{command_id}/cancel").json()["state"] == "cancelled"
        assert client.post(f"{V1}/commands/{command_id}/cancel").status_code == 409
        assert client.get(f"{V1}/commands/{command_id}/files").json() == []
        for status, wanted in (
            (404, {"device": "hp-9", "command": "snapshot"}),
            (404, {"device": "hp-1", "command": "explode"}),
            (422, {"device": "hp-1", "command": "log", "arguments": {"lines": 0}}),
            (409, {"device": "hp-1", "command": "restart"}),
        ):
            assert client.post(f"{V1}/commands", json=wanted).status_code == status


def test_a_fleet_command_is_for_the_devices_that_a_filter_finds(site: Site) -> None:
    register(site.desk, "hp-1", "hp-2")
    site.desk.rows("UPDATE devices SET customer = 'Acme', site = 'Hall ' || right(name, 1)")
    with site.client() as client:

        def send(**wanted: object) -> tuple[int, dict[str, object]]:
            answer = client.post(f"{V1}/fleet-commands", json={"command": "snapshot", **wanted})
            return answer.status_code, answer.json()

        assert send(where={"customer": "Acme"})[1]["fleet"]["total"] == 2
        assert send(where={"customer": "Acme", "site": "Hall 2"})[1]["fleet"]["total"] == 1
        _, partly = send(devices=["hp-1", "nobody"])
        fleet_id = partly["fleet"]["fleet_id"]
        assert list(client.get(f"{V1}/fleet-commands/{fleet_id}").json()["refused"]) == ["nobody"]
        status, said = send(where={"device_model": "heat_pump", "customer": "Nobody"})
        assert (status, said["detail"]) == (
            404,
            "no device is of the customer 'Nobody': look for them in the list of devices",
        )
        site.desk.rows("UPDATE devices SET customer = 'Globex' WHERE name = 'hp-2'")
        assert "'Globex', and of the site 'Hall 1', but none of all" in str(
            send(where={"customer": "Globex", "site": "Hall 1"})[1]["detail"]
        )
        assert [send(where={})[0], send()[0], send(devices=["hp-1"], where={"customer": "Acme"})[0]] == [422] * 3


def test_a_command_needs_the_role_that_the_catalog_names(site: Site) -> None:
    register(site.desk, "hp-1")
    for role, command, status in (
        (Role.VIEWER, "snapshot", 403),
        (Role.OPERATOR, "snapshot", 201),
        (Role.OPERATOR, "restart", 403),
        (Role.PLANNER, "restart", 201),
    ):
        with site.client(cookies={COOKIE: session_of(site.desk.database, f"the {role}", role)}) as client:
            wanted = {"device": "hp-1", "command": command, "confirmed": True}
            assert client.post(f"{V1}/commands", json=wanted).status_code == status


def test_what_is_desired_is_changed_by_whoever_has_seen_it(site: Site) -> None:
    register(site.desk, "hp-1")
    with site.client() as client:
        twin = f"{V1}/devices/hp-1/twin"
        assert client.patch(twin, json={"changes": {"mode": "eco"}, "version": 0}).json()["delta"] == {"mode": "eco"}
        assert client.patch(twin, json={"changes": {"mode": "max"}, "version": 0}).status_code == 409
        assert client.get(twin).json()["desired_version"] == 1
        assert client.get(f"{twin}/history").json()["items"][0]["changes"] == {"mode": [None, "eco"]}
        assert client.get(f"{V1}/devices/hp-9/twin/history").status_code == 404


def test_the_command_line_does_the_same(desk: Desk, run_command: Callable[..., tuple[int, str]]) -> None:
    register(desk, "hp-1", "hp-2")
    code, said = run_command("commands", "send", "hp-1", "sampling", "interval_seconds=5", "--json")
    command = json.loads(said)
    assert (code, command["arguments"]["interval_seconds"]) == (0, 5)
    assert "queued for 2 devices" in run_command("commands", "send", "--device-model", "heat_pump", "snapshot")[1]
    assert "cancelled" in run_command("commands", "cancel", str(command["command_id"]))[1]
    assert len(run_command("commands", "list", "--device", "hp-1")[1].splitlines()) == 2
    assert "confirmed" in run_command("commands", "send", "hp-1", "restart")[1]
    assert "1 to 3600 s" in run_command("commands", "send", "hp-1", "sampling", "interval_seconds=0")[1]
    assert 'not so yet: {"mode": "eco"}' in run_command("twin", "set", "hp-1", "mode=eco")[1]
    assert "desired 1" in run_command("twin", "history", "hp-1")[1]
