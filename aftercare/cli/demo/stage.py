"""The stage of the demo: its own database, broker and scheduler, and the platform's processes on a sped-up clock."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from aftercare.embedded import EmbeddedBroker, EmbeddedPostgres, EmbeddedPrefect, find_binaries
from aftercare.embedded.ports import LOOPBACK, answers, free_port, in_use
from aftercare.settings import Settings, child_environment
from aftercare.supervisor import Child, Supervisor
from domain.clock import ScaledClock

PREFERRED_HTTP_PORT = 8080
SUBSCRIBED = "aftercare_ingest_subscribed 1.0"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the demo's platform is reached."""

    database_url: str
    mqtt_url: str
    console_url: str
    prefect_url: str


class Stage:
    """Services and processes of one demo; a context manager that leaves nothing behind."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.state_dir
        self._binaries = find_binaries(settings.services_dir)
        self._postgres = EmbeddedPostgres(self._binaries, self._folder, name="demo", throwaway=True)
        self._broker = EmbeddedBroker(self._binaries, self._folder, name="demo", throwaway=True)
        self._prefect = EmbeddedPrefect(self._folder, name="demo")
        self._http_port = free_port() if in_use(PREFERRED_HTTP_PORT) else PREFERRED_HTTP_PORT
        self._metrics_port = free_port()
        self._log_level = settings.log_level
        self._platform: Supervisor | None = None
        self._services = ExitStack()

    @property
    def shortcoming(self) -> str | None:
        """What the services found here do not guarantee; None with the real ones."""
        return self._binaries.shortcoming

    @property
    def addresses(self) -> Addresses:
        """Valid once the stage is entered."""
        return Addresses(
            self._postgres.url, self._broker.url, f"http://{LOOPBACK}:{self._http_port}", self._prefect.url
        )

    def __enter__(self) -> Stage:
        """Start database and broker, and launch the scheduler, which takes its time."""
        with self._services:
            self._services.enter_context(self._postgres)
            self._services.enter_context(self._broker)
            self._prefect.launch()
            self._services.callback(self._prefect.stop)
            self._services = self._services.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._platform is not None:
            self._platform.stop()
        self._services.close()

    def wait_for_scheduler(self) -> None:
        """Until the Prefect server answers."""
        self._prefect.wait_ready()

    def environment(self, clock: ScaledClock | None = None) -> Mapping[str, str]:
        """Variables for a process of the platform, on the machine's time or on a sped-up clock."""
        additions = {
            **self._prefect.environment,
            "PREFECT_LOGGING_LEVEL": "ERROR",
            "AFTERCARE_DATABASE_URL": self._postgres.url,
            "AFTERCARE_MQTT_URL": self._broker.url,
            "AFTERCARE_HTTP_HOST": LOOPBACK,
            "AFTERCARE_HTTP_PORT": str(self._http_port),
            "AFTERCARE_METRICS_PORT": str(self._metrics_port),
            "AFTERCARE_INGEST_ID": "demo",
            "AFTERCARE_SCORE_INTERVAL": "1s",
            "AFTERCARE_LOG_LEVEL": self._log_level,
            "AFTERCARE_CLOCK": "system" if clock is None else str(clock),
        }
        return child_environment(additions)

    def start_platform(self, clock: ScaledClock) -> None:
        """Start ingest, flows, API with console, and delivery; returns when each is ready to work."""
        environment = self.environment(clock)
        self._platform = Supervisor(
            [
                self._child("ingest", environment, ready=self._subscribed),
                self._child("serve", environment, ready=lambda: answers(self._http_port)),
                self._child("deliver", environment),
                self._child("flows", environment, "--in-process"),
            ]
        )
        self._platform.start()

    def pid(self, command: str) -> int:
        """Process id of one of the platform's processes."""
        assert self._platform is not None, "start_platform() comes first"
        return self._platform.pid(command)

    def restarts(self) -> int:
        """How many crashes of the platform's processes were made up for."""
        assert self._platform is not None, "start_platform() comes first"
        return sum(self._platform.restarts(name) for name in ("ingest", "serve", "deliver", "flows"))

    def _child(
        self, command: str, environment: Mapping[str, str], *options: str, ready: Callable[[], bool] | None = None
    ) -> Child:
        return Child(
            command,
            [sys.executable, "-m", "aftercare", command, *options],
            env=environment,
            ready=ready,
            ready_within=timedelta(seconds=60),
            log=self.log_of(command),
        )

    def log_of(self, command: str) -> Path:
        """File with the log lines of one of the platform's processes."""
        return self._folder / "demo" / f"{command}.log"

    def _subscribed(self) -> bool:
        # Devices may publish only when the broker holds ingest's subscription: before that it has nobody to keep for.
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self._metrics_port}/metrics", timeout=2) as answer:
                return SUBSCRIBED in answer.read().decode()
        except OSError:
            return False
