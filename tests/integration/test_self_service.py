"""What a customer's user does for themselves: commands that the catalog leaves to them, on their own devices."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from aftercare.access import COOKIE
from domain.account import Role
from domain.device import Device
from store import devices

from .conftest import Site, session_of

V1 = "/api/v1"


@pytest.fixture
def two_pumps(site: Site) -> Site:
    """hp-1 is acme's, hp-2 is globex's."""
    with site.desk.database.transaction() as connection:
        pumps = [
            Device(f"hp-{number}", "heat_pump", customer=customer, service_centre="north")
            for number, customer in enumerate(("acme", "globex"), 1)
        ]
        devices.save(connection, pumps)
    return site


@pytest.fixture
def acme(two_pumps: Site) -> Iterator[httpx.Client]:
    """Signed in as a user of acme's."""
    cookies = {COOKIE: session_of(two_pumps.desk.database, "maria", Role.VIEWER, "acme")}
    with two_pumps.client(cookies=cookies, follow_redirects=True) as client:
        yield client


def test_a_customers_user_asks_their_device_by_page_and_api(two_pumps: Site, acme: httpx.Client) -> None:
    page = acme.get("/devices/hp-1").text
    assert "Checks that you can run" in page
    assert 'value="snapshot"' in page
    for refused in ("self_test", "restart", "apply"):
        assert f'value="{refused}"' not in page
        assert f'value="{refused}"' not in acme.get("/devices/hp-1/diagnostics").text
    asked = acme.post("/commands", data={"device": "hp-1", "command": "snapshot"})
    assert asked.url.path == "/commands/1"
    assert "Queued" in asked.text
    assert "Call it back" not in asked.text
    types = acme.get(f"{V1}/devices/hp-1/command-types").json()
    assert [one["name"] for one in types] == ["snapshot", "log"]
    wanted = {"device": "hp-1", "command": "log", "arguments": {"lines": 10}}
    keyed = [acme.post(f"{V1}/commands", json=wanted, headers={"Idempotency-Key": "1"}) for _ in range(2)]
    assert [one.status_code for one in keyed] == [201, 201]
    assert keyed[0].json() == keyed[1].json()
    assert keyed[0].json()["requested_by"] == "maria"
    assert acme.get(f"{V1}/commands/2").json()["arguments"] == {"lines": 10}
    assert two_pumps.desk.rows("SELECT who, action FROM audit_log WHERE object_kind = 'device' ORDER BY audit_id") == [
        ("maria", "commanded snapshot"),
        ("maria", "commanded log"),
    ]


def test_everything_else_is_refused_them(two_pumps: Site, acme: httpx.Client) -> None:
    with two_pumps.client() as admin:
        assert admin.post(f"{V1}/commands", json={"device": "hp-1", "command": "snapshot"}).status_code == 201
        assert admin.post(f"{V1}/commands", json={"device": "hp-2", "command": "snapshot"}).status_code == 201
    for device, command, status in (
        ("hp-1", "self_test", 403),
        ("hp-1", "restart", 403),
        ("hp-1", "explode", 404),
        ("hp-2", "snapshot", 404),
        ("hp-2", "restart", 404),
        ("nobody", "snapshot", 404),
    ):
        wanted = {"device": device, "command": command, "confirmed": True}
        assert acme.post(f"{V1}/commands", json=wanted).status_code == status, (device, command)
        form = {"device": device, "command": command, "confirmed": "yes"}
        assert acme.post("/commands", data=form).status_code == status, (device, command)
    everywhere = {"devices": ["hp-1"], "command": "snapshot"}
    assert acme.post(f"{V1}/fleet-commands", json=everywhere).status_code == 403
    for path in ("/commands/1/cancel", f"{V1}/commands/1/cancel", "/fleet-commands"):
        assert acme.post(path).status_code == 403, path
    assert acme.get("/commands/2").status_code == 404
    ticket = two_pumps.desk.add_ticket("of nobody")
    wanted = {"device": "hp-1", "command": "snapshot", "ticket_id": ticket}
    assert acme.post(f"{V1}/commands", json=wanted).status_code == 409
    assert two_pumps.desk.value("SELECT count(*) FROM commands") == 2


def test_the_rate_limit_of_a_device_is_one_for_all(two_pumps: Site, acme: httpx.Client) -> None:
    wanted = {"device": "hp-1", "command": "snapshot"}
    with two_pumps.client() as admin:
        answers = [(acme, admin)[number % 2].post(f"{V1}/commands", json=wanted) for number in range(11)]
    assert [answer.status_code for answer in answers] == [201] * 10 + [429]


def test_the_makers_viewers_command_nothing(two_pumps: Site) -> None:
    cookies = {COOKIE: session_of(two_pumps.desk.database, "victor", Role.VIEWER)}
    with two_pumps.client(cookies=cookies) as viewer:
        assert viewer.post(f"{V1}/commands", json={"device": "hp-1", "command": "snapshot"}).status_code == 403
        assert viewer.post("/commands", data={"device": "hp-1", "command": "snapshot"}).status_code == 403
        assert "Ask the device" not in viewer.get("/devices/hp-1/diagnostics").text
