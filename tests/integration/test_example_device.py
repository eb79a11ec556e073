"""docs/example_device.py, which shows how little a device takes, as the process that somebody starts."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.asking import Platform

EXAMPLE = Path(__file__).parents[2] / "docs" / "example_device.py"


@pytest.fixture(scope="module")
def platform(mqtt_url):
    with Platform(mqtt_url) as platform:
        yield platform


@pytest.fixture(scope="module")
def device(mqtt_url, platform):
    name, parts = f"example-{os.getpid()}", urlsplit(mqtt_url)
    with subprocess.Popen([sys.executable, EXAMPLE, name, parts.hostname, str(parts.port)]) as process:
        assert json.loads(platform.next(f"devices/{name}/status").payload)["state"] == "online"
        yield name
        process.terminate()
    platform.forget(name)


def test_it_has_60_lines():
    code = EXAMPLE.read_text().split('"""')[2].splitlines()
    assert len([line for line in code if line.strip() and not line.startswith(("import ", "from "))]) <= 60


def test_it_sends_telemetry_and_introduces_itself(platform, device):
    assert platform.reported(device, lambda report: report.get("firmware") == "1.0")
    assert json.loads(platform.next(f"devices/{device}/telemetry").payload)["values"]


def test_it_answers_its_twin_with_what_it_took_and_why_not_the_rest(platform, device):
    platform.desire(device, 4, {"sampling_seconds": 30, "colour": "red"})
    report = platform.reported(device, lambda report: report.get("version") == 4)
    assert (report["reported"], report["refused"]) == ({"sampling_seconds": 30}, {"colour": "no such setting"})

    platform.desire(device, 5, {"sampling_seconds": "often"})
    report = platform.reported(device, lambda report: report.get("version") == 5)
    assert (report["reported"], report["refused"]) == ({"sampling_seconds": 30}, {"sampling_seconds": "1 to 3600"})


def test_it_carries_a_command_out_once(platform, device):
    number, correlation = platform.ask(device, "snapshot")
    steps, _ = platform.answers(device, number, correlation)
    _, correlation = platform.ask(device, "snapshot", number)
    again, _ = platform.answers(device, number, correlation)

    assert [step["state"] for step in steps] == ["acknowledged", "succeeded"]
    assert again == steps[-1:]


def test_it_sends_a_log_in_parts(platform, device):
    steps, parts = platform.answers(device, *platform.ask(device, "log", arguments={"lines": 50_000}))
    [file] = steps[-1]["result"]["files"]

    assert [int(properties["part"]) for properties, _ in parts] == [1, 2, 3]
    assert parts[0][0]["content-type"] == "text/plain"
    assert hashlib.sha256(b"".join(payload for _, payload in parts)).hexdigest() == file["sha256"]


def test_it_says_what_it_does_not_know_and_outlives_nonsense(platform, device):
    platform.ask(device, "snapshot", payload=b"{")

    assert platform.do(device, "sing")["error"]["code"] == "unknown_command"
