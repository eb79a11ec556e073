"""What a customer's user does for themselves, from signing in to the date of the visit, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from access.passwords import hash_password
from domain.account import Role
from store import users
from tests.integration.conftest import START
from tests.integration.diagnostics.conftest import Station, speaking_station, station  # noqa: F401

PASSWORD = "several plain words"
VISIT = START + timedelta(hours=150)


@pytest.fixture
def pumps(request: pytest.FixtureRequest, site: Any) -> Station:
    """Two heat pumps that answer, the first of Acme, whose user Maria has a password."""
    devices: Station = request.getfixturevalue("speaking_station")
    for name, customer in zip(devices.register(2), ("Acme", "Globex"), strict=True):
        devices.rows("UPDATE devices SET customer = %s, site = 'Hall 1' WHERE name = %s", customer, name)
    with site.desk.database.transaction() as connection:
        user_id = users.add(connection, name="maria", role=Role.VIEWER, customer="Acme", at=START)
        hashed = hash_password(PASSWORD)
        users.set_password(connection, user_id=user_id, password_hash=hashed, one_time=False, at=START)
    return devices


def test_from_signing_in_to_the_date_of_the_visit(pumps: Station, site: Any, window: Callable[..., Page]) -> None:
    own, other = (f"{pumps.devices.prefix}-{number}" for number in range(2))
    page = window("maria", Role.VIEWER, "Acme")
    page.context.clear_cookies()
    page.goto("/devices")
    page.get_by_label("Name").fill("maria")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("main")).to_contain_text(own)
    expect(page.locator("main")).not_to_contain_text(other)

    page.get_by_role("link", name=own).first.click()
    pumps.devices.answer = False
    page.get_by_role("form", name="Read all values now").get_by_role("button", name="Send").click()
    panel = page.locator("[data-progress]")
    expect(panel.locator("h2").first).to_have_text("Sent")
    pumps.devices.tell(pumps.devices.requests[-1], state="succeeded", result={"supply_temperature": 41.5})
    expect(panel.locator("h2").first).to_have_text("Succeeded")
    expect(panel.locator("pre")).to_contain_text("41.5")

    page.goto("/")
    page.get_by_role("link", name="Look it up").click()
    page.get_by_label("What do you notice?").fill("vibrating casing")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("main mark").first).to_have_text("Casing")

    page.goto(f"/devices/{own}")
    page.get_by_role("link", name="Operating manual").click()
    expect(page.get_by_role("heading", name="What you notice, and what it may be")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the file").click()
    assert download.value.suggested_filename == "heat_pump.md"

    page.goto(f"/devices/{own}")
    page.get_by_role("link", name="Report a problem").click()
    page.get_by_label("What is wrong?").fill("It rattles since this morning")
    page.get_by_role("button", name="Report it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reported problem")
    ticket = page.url.rpartition("/")[2]
    planner = window("paula", Role.PLANNER).context.request
    planned = planner.post(f"/api/v1/tickets/{ticket}/plan", data={"planned_for": VISIT.isoformat()})
    assert planned.status == 200, planned.text()

    page.goto(f"/devices/{own}")
    page.locator("section", has=page.get_by_role("heading", name="Tickets")).get_by_text("visit").wait_for()
    page.get_by_role("link", name="Reported problem").click()
    expect(page.locator("main")).to_contain_text("Planned for")
    expect(page.locator("main")).to_contain_text("It rattles since this morning")
    expect(page.locator("main")).not_to_contain_text("paula")
    assert page.context.request.get(f"/devices/{other}").status == 404
