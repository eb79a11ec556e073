"""Takes the pictures of docs/images: a demo's simulated fleet at work, seen by Chromium. `make screenshots` runs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as BrowserError
from png_palette import with_palette

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1400, "height": 900}
PATIENCE_MS = 60_000


class CannotTakePicturesError(Exception):
    """Why there are no pictures, and what to do."""


class Console(NamedTuple):
    """Where a console is, and how its first admin gets in."""

    url: str
    name: str
    password: str


def main() -> None:
    """Run a demo, take the pictures when its fleet has lived its month, and stop it."""
    try:
        executable = find_browser()
        with running_demo() as console, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            take_all(browser, console)
            browser.close()
    except (CannotTakePicturesError, BrowserError, OSError) as error:
        sys.exit(f"screenshots: {error}")


def say(text: str) -> None:
    """One line."""
    sys.stdout.write(f"screenshots: {text}\n")
    sys.stdout.flush()


def find_browser() -> str:
    """Chromium; installed when it is missing and may be. Raises CannotTakePicturesError."""
    subprocess.run([ROOT / "scripts" / "install-chromium"], check=False)
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    raise CannotTakePicturesError("Chromium is missing and cannot be installed from here: install the package chromium")


@contextmanager
def running_demo() -> Iterator[Console]:
    """A demo whose month is over and whose console is still served; it is stopped on leaving."""
    command = [sys.executable, "-m", "aftercare", "demo", "--keep"]
    environment = {name: value for name, value in os.environ.items() if name != "AFTERCARE_API_TOKEN"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as demo:
        assert demo.stdout is not None
        try:
            for line in demo.stdout:
                if line.startswith("console: ") and "Ctrl-C" in line:
                    _, url, _, name, _, _, _, password, *_ = line.split()
                    yield Console(url, name, password)
                    return
                sys.stdout.write(line)
                sys.stdout.flush()
            raise CannotTakePicturesError(f"the demo ended with exit code {demo.wait()} before its month was over")
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()


def take_all(browser: Browser, console: Console) -> None:
    """Every picture. Raises CannotTakePicturesError when the demo left nothing to show on one of the pages."""
    context = browser.new_context(base_url=console.url, viewport=SIZE, color_scheme="light", timezone_id="UTC")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    sign_in(page, console)
    ticket = ticket_in_time(context)
    week = (ticket["planned_for"] or ticket["need_by"])[:10]
    pages = {
        "overview": "/",
        "predictions": "/predictions",
        "prediction": f"/predictions/{ticket['prediction_id']}",
        "ticket": f"/tickets/{ticket['ticket_id']}",
        "alarms": "/alarms",
        "device": f"/devices/{ticket['device']}",
        "calendar": f"/calendar?centre={ticket['service_centre']}&week={week}",
        "parts": "/parts",
    }
    take(page, pages)
    page.emulate_media(color_scheme="dark")
    take(page, {"overview-dark": "/"})
    context.close()


def sign_in(page: Page, console: Console) -> None:
    """Sign in, and close the tour that greets whoever is new."""
    page.goto("/sign-in")
    for field, text in {"Name": console.name, "Password": console.password}.items():
        page.get_by_label(field, exact=True).fill(text)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Close the tour").click()


def ticket_in_time(context: BrowserContext) -> Mapping[str, Any]:
    """The ticket with a visit planned and its parts on the shelf that leaves the most time, else one that is open.

    Raises CannotTakePicturesError.
    """
    for state in ("planned", "open"):
        tickets = context.request.get(f"/api/v1/tickets?state={state}&limit=200").json()["items"]
        ready = [one for one in tickets if one["prediction_id"] and one["parts_ready"] == one["parts_needed"]]
        if ready:
            return dict(max(ready, key=lambda one: (one["priority"] < 5, one["need_by"])))
    raise CannotTakePicturesError("the demo left no open ticket with its parts on the shelf: try another --seed")


def take(page: Page, pages: Mapping[str, str]) -> None:
    """A picture of each page's first screen."""
    for name, path in pages.items():
        answer = page.goto(path)
        if answer is None or not answer.ok:
            raise CannotTakePicturesError(f"{path} was answered with {answer.status if answer else 'nothing'}")
        page.wait_for_timeout(500)  # the feed says that it is live
        file = IMAGES / f"{name}.png"
        file.write_bytes(with_palette(page.screenshot()))
        say(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
