"""A defect ends the process with an error, so that whoever supervises it starts it again."""

from __future__ import annotations

import subprocess
import sys

from aftercare.settings import child_environment

from .conftest import Station

BROKEN = """
from diagnostics.troubleshooting.service import Troubleshooter
def run(*_):
    raise ValueError("a defect of ours")
Troubleshooter.run = run
from aftercare.cli.main import main
main()
"""


def test_a_defect_in_troubleshooting_ends_the_process_with_an_error(station: Station) -> None:
    environment = {"AFTERCARE_DATABASE_URL": station.database.url, "AFTERCARE_MQTT_URL": station.mqtt_url}
    program = [sys.executable, "-c", BROKEN, "diagnostics"]
    ended = subprocess.run(program, env=child_environment(environment), timeout=60, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "a thread of the process failed" in ended.stderr
    assert "a defect of ours" in ended.stderr
