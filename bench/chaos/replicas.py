"""`aftercare ingest` as users run it, several of them, in danger."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from aftercare.embedded.ports import free_port
from domain.errors import UnavailableError

READY_SECONDS = 120
STOP_SECONDS = 30


class Replica:
    """One ingest process with an identity that it keeps over restarts; its log is `folder/NAME.log`."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._environment = {**environment, "AFTERCARE_INGEST_ID": name}
        self._process: subprocess.Popen[bytes] | None = None
        self._metrics_port = 0

    def start(self) -> None:
        self._metrics_port = free_port()
        environment = os.environ | self._environment | {"AFTERCARE_METRICS_PORT": str(self._metrics_port)}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aftercare", "ingest"], env=environment, stdout=log, stderr=log
            )

    def wait_subscribed(self) -> None:
        """Wait until it says so. Raises UnavailableError when it does not."""
        deadline = time.monotonic() + READY_SECONDS
        while b'"subscribed"' not in self.log.read_bytes():
            if not self.is_running or time.monotonic() > deadline:
                raise UnavailableError(f"{self.name} did not subscribe: see {self.log}")
            time.sleep(0.1)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL. Raises UnavailableError when it had ended by itself: then the fault was none."""
        if not self.is_running:
            raise UnavailableError(f"{self.name} had ended before it was killed: see {self.log}")
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        if self.is_running:
            self._end(signal.SIGTERM)

    def metric(self, name: str) -> int:
        """Sum of a metric over its labels, since this process started; 0 while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return 0
        return round(sum(float(line.split()[-1]) for line in lines if line.startswith(f"aftercare_ingest_{name}")))

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise UnavailableError(f"{self.name} did not stop within {STOP_SECONDS} s: see {self.log}") from None
