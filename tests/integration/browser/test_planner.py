"""A planner's morning in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from domain.account import Role
from service_desk import shelves
from tests.integration.conftest import HOUR, START


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_a_planner_accepts_a_suggested_ticket_and_its_part_shows_reserved(
    site: Any, window: Callable[..., Page], scripts: bool
) -> None:
    device = site.desk.add_device("engine-1")
    with site.desk.database.transaction() as connection:
        shelves.receive(
            connection, service_centre="north", part_no=site.desk.part_no, quantity=5, who="a test", now=START
        )
    site.desk.act(site.desk.predict(device, hours=90, rul_low=60, precision=None))
    page = window(java_script_enabled=scripts)
    page.goto("/")
    page.get_by_role("link", name="Predictions").click()
    page.get_by_role("link", name="High-pressure compressor worn out").click()
    expect(page.locator("aside")).to_contain_text("in stock")
    page.get_by_label("Visit").select_option("hand")
    page.get_by_label("Date by hand").fill((START + 120 * HOUR).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Accept and reserve parts").click()
    expect(page.locator("aside .chip.part-reserved")).to_have_text("Reserved")
    expect(page.locator("h1 + p .chip")).to_have_text("Planned")
    page.get_by_role("link", name="Parts", exact=True).click()
    expect(page.get_by_role("table").last).to_contain_text(site.desk.part_no)
    assert site.desk.value("SELECT state FROM part_reservations") == "reserved"


def test_the_days_of_the_calendar_are_those_of_the_times_that_are_shown(site: Any, window: Callable[..., Page]) -> None:
    device = site.desk.add_device("engine-1")
    site.desk.rows(
        "INSERT INTO visits (device_id, kind, state, during, maintenance_length, booked_by, booked_at) "
        "VALUES (%s, 'maintenance', 'booked', '[2026-01-07 12:00+00, 2026-01-07 13:00+00)', '1 hour', 'a test', now())",
        device,
    )
    page = window(timezone_id="Pacific/Kiritimati")
    page.goto("/calendar?centre=north&week=2026-01-07")
    column = page.locator("section", has=page.get_by_role("link", name="engine-1")).get_by_role("heading")
    expect(column).to_have_text("Wed 07 Jan")
    page.get_by_role("button", name="change").click()
    expect(column).to_have_text("Thu 08 Jan")
    page.get_by_role("button", name="change").click()
    expect(column).to_have_text("Wed 07 Jan")


def test_a_date_is_shown_and_sent_in_the_zone_that_is_shown(site: Any, window: Callable[..., Page]) -> None:
    site.desk.act(site.desk.predict(site.desk.add_device("engine-1"), hours=90, rul_low=60, precision=None))
    page = window("paula", Role.ADMIN, timezone_id="Pacific/Kiritimati")
    page.goto("/tickets/1")
    field = page.get_by_label("Date by hand")
    told = datetime.fromisoformat(f"{field.input_value()}Z")
    there = (told + 14 * HOUR).strftime("%Y-%m-%dT%H:%M")
    page.get_by_role("button", name="change").click()
    expect(field).to_have_value(there)
    page.reload()
    expect(field).to_have_value(there)
    page.get_by_label("Visit").select_option("hand")
    page.get_by_role("button", name="Accept and reserve parts").click()
    expect(page.locator("h1 + p .chip")).to_have_text("Planned")
    assert site.desk.value("SELECT planned_for FROM tickets") == told
    page.goto("/audit-log")
    page.get_by_label("From").fill(there)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("From")).to_have_value(there)
