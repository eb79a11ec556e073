"""An operator's watch in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from domain.account import Role


def test_what_one_operator_acknowledges_another_sees_at_once_in_each_tab(
    site: Any, window: Callable[..., Page]
) -> None:
    for name in ("engine-1", "engine-2"):
        site.desk.act(site.desk.predict(site.desk.add_device(name)))
    mine, theirs = window("olga", Role.OPERATOR), window("otto", Role.OPERATOR)
    tab = theirs.context.new_page()
    for page in (mine, theirs, tab):
        page.goto("/alarms")
        expect(page.locator("[data-live-state]")).to_have_text("Live")
    mine.get_by_label("Choose all alarms of this page").check()
    expect(mine.locator("[data-chosen]")).to_have_text("With the 2 ticked:")
    mine.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(mine.get_by_role("status")).to_have_text("2 alarms changed.")
    for page in (theirs, tab):
        expect(page.locator("tbody")).to_contain_text("Acknowledged by olga")
        expect(page.locator("tr.unseen")).to_have_count(0)
        expect(page.locator("tbody tr:not(.empty)")).to_have_count(2)


def test_whose_session_ends_is_sent_to_sign_in(site: Any, window: Callable[..., Page]) -> None:
    page = window("olga", Role.OPERATOR)
    page.goto("/fleet")
    site.desk.rows("DELETE FROM sessions")
    page.get_by_role("link", name="Alarms").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
