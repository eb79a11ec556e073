"""A guided run in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from domain.account import Role
from domain.device import Device
from store import devices


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_an_operator_is_led_from_a_question_to_a_ticket_with_its_parts(
    site: Any, window: Callable[..., Page], scripts: bool
) -> None:
    with site.desk.database.transaction() as connection:
        devices.save(connection, [Device("sc-1", "compressor", service_centre="north")])
    page = window("oscar", Role.OPERATOR, java_script_enabled=scripts)
    page.goto("/devices/sc-1")
    page.get_by_label("Look into").select_option("oil_degradation")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Is the oil level between the marks")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("A visit is needed")
    expect(page.get_by_role("status")).to_contain_text("2 × SC-OIL-20L")
    page.get_by_role("link", name="ticket 1").click()
    expect(page.locator("aside")).to_contain_text("Oil is missing: look for the leak and fill up")
