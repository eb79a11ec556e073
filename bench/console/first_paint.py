"""How long headless Chromium takes until a page is first painted, with nothing in its cache."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from playwright.sync_api import Browser, sync_playwright

from aftercare.access import COOKIE
from bench.console import bare
from bench.console.answering import percentiles
from bench.console.pages import pages
from bench.console.questions import subjects
from bench.console.stage import Stage
from bench.figures import Figure, figure
from domain.clock import system_clock

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
GOAL = 1500.0
PAINTED = """() => new Promise(done => {
    const told = () => performance.getEntriesByName('first-contentful-paint')[0];
    const look = () => told() ? done(told().startTime) : setTimeout(look, 10);
    look();
})"""
SHOWN = (
    "overview",
    "predicted failures",
    "alarms",
    "fleet",
    "site",
    "devices",
    "tickets",
    "calendar",
    "parts",
    "returns",
    "figures",
    "device",
    "device, a year at 1 Hz",
    "ticket",
    "prediction",
)


def measure(stage: Stage, repeat: int) -> list[Figure]:
    """The slowest of so many first paints of each main page; none on a machine without Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        return []
    asked = {one.name: one for one in pages(subjects(stage.database), system_clock())}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        limit = _paint(browser, [stage.bare.url + bare.PAGE] * repeat, {})
        figures = []
        for name in SHOWN:
            urls = [
                stage.served.url + asked[name].addresses[turn % len(asked[name].addresses)] for turn in range(repeat)
            ]
            took = _paint(browser, urls, {"name": COOKIE, "value": stage.planner.session, "url": stage.served.url})
            figures.append(
                figure(f"first paint: {name}, p95", took, "ms", "bare page", limit, "< 1500 ms", met=took < GOAL)
            )
        browser.close()
    return figures


def _paint(browser: Browser, urls: Sequence[str], cookie: dict[str, str]) -> float:
    took = []
    for url in urls:
        context = browser.new_context()
        if cookie:
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(url, wait_until="commit")
        took.append(float(page.evaluate(PAINTED)))
        context.close()
    return percentiles(took).p95
