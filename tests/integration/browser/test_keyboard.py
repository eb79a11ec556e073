"""The alarm feed and a ticket by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from domain.account import Role

LONGEST_WAY = 150
OFFERED = "main :is(a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary):visible"
FOCUSED = """() => {
    const element = document.activeElement, inside = element?.closest('main');
    if (!inside) return [element === document.body ? 'none' : 'menu', true];
    const drawn = getComputedStyle(element), box = element.getBoundingClientRect();
    const seen = drawn.outlineStyle !== 'none' && parseFloat(drawn.outlineWidth) >= 1
        && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return [element.outerHTML.slice(0, 200), seen];
}"""


def walk(page: Page) -> list[str]:
    """What Tab comes to within the page's content, in its order; what has focus is in sight and shows it."""
    names: list[str] = []
    for _ in range(LONGEST_WAY):
        page.keyboard.press("Tab")
        name, seen = page.evaluate(FOCUSED)
        assert seen, name
        names.append(name)
        if names.count(names[0]) > 1 and name == names[0] and len(set(names)) > 3:
            break
    return names


@pytest.mark.parametrize(("address", "role"), [("/alarms", Role.OPERATOR), ("/tickets/1", Role.PLANNER)])
def test_tab_comes_to_whatever_is_offered_and_shows_where_it_is(
    site: Any, window: Callable[..., Page], address: str, role: Role
) -> None:
    site.desk.act(site.desk.predict(site.desk.add_device("engine-1"), hours=90, rul_low=60, precision=None))
    page = window("kim", role)
    page.goto(address)
    offered = page.locator(OFFERED).evaluate_all("elements => elements.map(one => one.outerHTML.slice(0, 200))")
    assert len(offered) > 5
    missed = set(offered) - set(walk(page))
    assert not missed


def test_an_alarm_is_acknowledged_without_a_mouse(site: Any, window: Callable[..., Page]) -> None:
    site.desk.act(site.desk.predict(site.desk.add_device("engine-1")))
    page = window("kim", Role.OPERATOR)
    page.goto("/alarms")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    for _ in range(LONGEST_WAY):
        page.keyboard.press("Tab")
        if 'aria-label="Acknowledge alarm' in page.evaluate(FOCUSED)[0]:
            break
    page.keyboard.press("Enter")
    expect(page.locator("tbody")).to_contain_text("Acknowledged by kim")
