"""Runs `aftercare diagnostics` as a process of its own, to be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aftercare.settings import child_environment


@contextmanager
def diagnostics_process(database_url: str, mqtt_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """It runs until it is killed, or the block is left."""
    environment = {"AFTERCARE_DATABASE_URL": database_url, "AFTERCARE_MQTT_URL": mqtt_url}
    process = subprocess.Popen([sys.executable, "-m", "aftercare", "diagnostics"], env=child_environment(environment))
    try:
        yield process
    finally:
        process.kill()
        process.wait()
