"""One Chromium for a file of tests; each has a window, signed in to a console that is served over real HTTP."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from aftercare.access import COOKIE
from domain.account import Role
from tests.integration.conftest import session_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1400, "height": 900}
PATIENCE = 30_000


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own; without one the tests are skipped, in CI they fail.

    Not for the whole run: while its driver lives, nothing else in this process may begin an event loop.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Chromium: run scripts/install-chromium")
    with sync_playwright() as driver:
        expect.set_options(timeout=PATIENCE)
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser, site: Any) -> Iterator[Callable[..., Page]]:
    """Opens a window that `name` is signed in to; it fails the test when a page reports an error of its own."""
    contexts, problems = [], list[str]()

    def opened(name: str = "paula", role: Role = Role.PLANNER, customer: str | None = None, **options: Any) -> Page:
        context = chromium.new_context(base_url=site.url, viewport=SIZE, **options)
        session = session_of(site.desk.database, name, role, customer)
        context.add_cookies([{"name": COOKIE, "value": session, "url": site.url}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []
