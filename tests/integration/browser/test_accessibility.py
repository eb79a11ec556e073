"""The main pages judged by axe-core, in light and in dark, and on narrow screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from service_desk import shelves
from tests.integration.conftest import START

GRAVE = ("serious", "critical")
PAGES = (
    "/",
    "/predictions",
    "/predictions/{prediction}",
    "/tickets",
    "/tickets/{ticket}",
    "/alarms",
    "/fleet",
    "/devices",
    "/devices/engine-1",
    "/calendar?centre=north",
    "/parts",
    "/models",
    "/models/{version}",
    "/models/{device_model}/{mode}",
    "/models/{device_model}/{mode}/what-if",
    "/rejected",
)
BEYOND = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".panel *"))
    .map((one) => `${one.tagName}.${one.className.baseVal ?? one.className}`)"""
"""What sticks out of a page that can be scrolled sideways; a panel scrolls by itself."""
PHONE = {"width": 390, "height": 844}
TABLET = {"width": 1024, "height": 768}


@pytest.fixture
def addresses(site: Any) -> list[str]:
    """The main pages, with something on each."""
    desk = site.desk
    with desk.database.transaction() as connection:
        shelves.receive(connection, service_centre="north", part_no=desk.part_no, quantity=5, who="a test", now=START)
    recorded = desk.predict(desk.add_device("engine-1"), hours=90, rul_low=60, precision=None)
    outcome = desk.act(recorded)
    desk.act(desk.predict(desk.add_device("engine-2"), hours=95, rul_low=5))
    names = {
        "prediction": recorded.prediction_id,
        "ticket": outcome.ticket_id,
        "version": desk.model_version_id,
        "device_model": desk.device_model.name,
        "mode": desk.failure_mode,
    }
    return [path.format(**names) for path in PAGES]


def faults(page: Page, **options: Any) -> Iterator[str]:
    """What axe-core finds grave, with where it is."""
    for one in Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]:
        if one["impact"] in GRAVE:
            yield from (f"{page.url}: {one['id']}: {node['html'][:200]}" for node in one["nodes"])


def test_no_page_has_a_grave_fault(addresses: list[str], window: Callable[..., Page]) -> None:
    page, found = window(), []
    for address in addresses:
        page.goto(address)
        found += faults(page)
        page.emulate_media(color_scheme="dark")
        found += faults(page, runOnly=["color-contrast"])
        page.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", [PHONE, TABLET], ids=["phone", "tablet"])
def test_no_page_is_wider_than_the_screen(
    addresses: list[str], window: Callable[..., Page], size: dict[str, int]
) -> None:
    page, wide = window(), []
    page.set_viewport_size(size)  # type: ignore[arg-type]
    for address in addresses:
        page.goto(address)
        wide += [f"{address}: {one}" for one in page.evaluate(BEYOND)]
    assert not wide, "\n".join(wide)
