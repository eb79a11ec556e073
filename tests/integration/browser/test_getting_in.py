"""Getting in, being put out, and what a customer's user sees, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page, expect

from domain.account import Role
from store import users
from tests.integration.conftest import START


def test_a_wrong_password_lets_nobody_in_and_tells_nothing(site: Any, chromium: Browser) -> None:
    with site.desk.database.transaction() as connection:
        users.add(connection, name="olga", role=Role.OPERATOR, customer=None, at=START)
    page = chromium.new_page(base_url=site.url)
    page.goto("/alarms")
    for name in ("olga", "nobody of that name"):
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill("not the password")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("password")
        told = page.get_by_role("alert").inner_text()
        assert name not in told
    page.goto("/alarms")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    page.close()


def test_a_session_that_ran_out_leads_back_to_where_one_was(site: Any, window: Callable[..., Page]) -> None:
    page = window("olga", Role.OPERATOR)
    page.goto("/fleet")
    site.desk.rows("UPDATE sessions SET created_at = '2000-01-01', last_used_at = '2000-01-01'")
    page.get_by_role("link", name="Alarms").click()
    expect(page.get_by_role("status")).to_contain_text("Your session has ended")
    expect(page.locator("input[name=next]")).to_have_value("/alarms")


def test_a_customers_user_sees_nothing_of_others(site: Any, window: Callable[..., Page]) -> None:
    for name, customer in (("engine-1", "Air"), ("engine-2", "Sea")):
        device_id = site.desk.add_device(name)
        site.desk.rows("UPDATE devices SET customer = %s WHERE device_id = %s", customer, device_id)
        site.desk.act(site.desk.predict(device_id, hours=90))
    page = window("carla", Role.VIEWER, customer="Air")
    for address in ("/", "/predictions", "/tickets", "/alarms", "/fleet", "/devices"):
        page.goto(address)
        expect(page.locator("main")).not_to_contain_text("engine-2")
        expect(page.locator("main")).not_to_contain_text("Sea")
    expect(page.locator("main")).to_contain_text("engine-1")
