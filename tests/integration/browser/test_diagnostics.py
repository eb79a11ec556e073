"""Asking a device in a real browser, with the process that speaks with devices and a device at the broker."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.integration.diagnostics.conftest import Station, speaking_station, station  # noqa: F401


def test_an_answer_is_seen_while_it_comes_and_its_file_is_saved(
    request: pytest.FixtureRequest, site: Any, window: Callable[..., Page]
) -> None:
    devices: Station = request.getfixturevalue("speaking_station")
    [name] = devices.register()
    devices.devices.answer = False
    page = window()
    page.goto(f"/devices/{name}")
    page.get_by_role("link", name="Open", exact=True).click()
    form = page.get_by_role("form", name="Fetch the log")
    form.get_by_label("Newest lines").fill("10")
    form.get_by_role("button", name="Send").click()

    panel = page.locator("[data-progress]")
    expect(panel.locator("h2").first).to_have_text("Sent")
    asked = devices.devices.requests[-1]
    devices.devices.tell(asked, state="running", progress=0.4)
    expect(panel.locator("h2").first).to_have_text(re.compile(r"Running\s+40%"))
    told = devices.devices.upload(asked, b"line\n" * 50)
    devices.devices.tell(asked, state="succeeded", result={"lines": 10, "files": [told]})
    expect(panel.locator("h2").first).to_have_text("Succeeded")
    with page.expect_download() as download:
        page.get_by_role("link", name="device.log").click()
    assert Path(download.value.path()).read_bytes() == b"line\n" * 50


def test_a_setting_is_desired_after_a_look_and_the_device_does_it(
    request: pytest.FixtureRequest, site: Any, window: Callable[..., Page]
) -> None:
    devices: Station = request.getfixturevalue("speaking_station")
    [name] = devices.register()
    page = window()
    page.goto(f"/devices/{name}/diagnostics")
    page.get_by_label("Desire other settings").fill("mode = eco")
    page.get_by_role("button", name="Look at the change").click()
    page.get_by_role("button", name="Change it").click()
    twin = page.locator("#twin")
    expect(twin).to_contain_text(re.compile("On its way|Waits for the device"))
    devices.devices.report(name, ts=1_769_860_800_000, reported={"mode": "eco"}, version=1)
    page.wait_for_function(
        "async () => (await (await fetch(location.href)).text()).includes('>Is so<')", polling=200, timeout=10_000
    )
    page.reload()
    expect(twin).to_contain_text("Is so")
