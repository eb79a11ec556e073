"""Takes the pictures of docs/images: a demo's simulated fleet at work, seen by Chromium. `make screenshots` runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from png_palette import with_palette

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = "1400,900"
LIVE_SECONDS, FIRST_LOOK = 120, 40.0
PATIENCE = 60.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--timeout=3000",
)
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")


class CannotTakePicturesError(Exception):
    """Why there are no pictures, and what to do."""


def main() -> None:
    """Run a demo, take the pictures while its fleet is live, and stop it."""
    try:
        browser = find_browser()
        with running_demo() as url:
            say(f"the fleet is live at {url}; the first picture comes after {FIRST_LOOK:g} s")
            time.sleep(FIRST_LOOK)
            ticket = ticket_in_time(url)
            for name, path, flags in (
                ("ticket", f"/tickets/{ticket['ticket_id']}", ()),
                ("device", f"/devices/{ticket['device']}", ()),
                ("overview", "/", ()),
                ("alarms", "/alarms", ()),
                ("overview-dark", "/", DARK),
            ):
                take(browser, url + path, IMAGES / f"{name}.png", flags)
    except (CannotTakePicturesError, OSError) as error:
        sys.exit(f"screenshots: {error}")


def say(text: str) -> None:
    """One line."""
    sys.stdout.write(f"screenshots: {text}\n")
    sys.stdout.flush()


def find_browser() -> str:
    """Chromium; installed when it is missing and may be. Raises CannotTakePicturesError."""
    for attempt in ("look", "install", "look again"):
        if attempt == "install":
            say("installing chromium")
            for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
                subprocess.run([ROOT / "scripts" / "as-root", "apt-get", "-q", *arguments], capture_output=True)
        if found := next(filter(None, map(shutil.which, BROWSERS)), None):
            return found
    raise CannotTakePicturesError("Chromium is missing and cannot be installed from here: install the package chromium")


@contextmanager
def running_demo() -> Iterator[str]:
    """A demo whose fleet is live; gives the console's address, and stops the demo on leaving."""
    command = [sys.executable, "-m", "aftercare", "demo", "--seconds", str(LIVE_SECONDS)]
    environment = {name: value for name, value in os.environ.items() if name != "AFTERCARE_API_TOKEN"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as demo:
        assert demo.stdout is not None
        try:
            for line in demo.stdout:
                if line.startswith("console: "):
                    yield line.split()[1]
                    return
                sys.stdout.write(line)
                sys.stdout.flush()
            raise CannotTakePicturesError(f"the demo ended with exit code {demo.wait()} before its fleet was live")
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()


def ticket_in_time(url: str) -> dict[str, Any]:
    """The open ticket that leaves a planner the most time, with its parts on the shelf.

    Raises CannotTakePicturesError when none has come within the patience.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        address = f"{url}/api/v1/tickets?state=open&limit=200"
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - the demo on loopback
            tickets = json.load(answer)["items"]
        ready = [one for one in tickets if one["priority"] < 5 and one["parts_ready"] == one["parts_needed"]]
        if ready:
            return dict(max(ready, key=lambda one: one["need_by"]))
        time.sleep(1)
    raise CannotTakePicturesError(f"no ticket with its parts on the shelf within {PATIENCE:g} s")


def take(browser: str, url: str, file: Path, flags: Sequence[str]) -> None:
    """One picture of one page. Raises CannotTakePicturesError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        profile = f"--user-data-dir={folder}/profile"
        command = [browser, *FLAGS, *flags, profile, f"--window-size={SIZE}", f"--screenshot={shot}", url]
        try:
            said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE).stderr
        except subprocess.TimeoutExpired as error:
            raise CannotTakePicturesError(f"{browser} took no picture of {url} within {PATIENCE:g} s") from error
        if not shot.is_file():
            raise CannotTakePicturesError(f"{browser} took no picture of {url}: {said.strip().splitlines()[-1:]}")
        file.write_bytes(with_palette(shot.read_bytes()))
    say(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
