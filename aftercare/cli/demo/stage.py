"""The platform's processes as the demo runs them: on a sped-up clock, with their logs in files."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from aftercare.embedded.ports import LOOPBACK, free_port
from aftercare.one_machine import Platform
from aftercare.settings import Settings, child_environment
from aftercare.supervisor import Child, Supervisor
from domain.clock import ScaledClock

PROCESSES: Mapping[str, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "upkeep": ("upkeep",),
    "alarms": ("alarms",),
    "diagnostics": ("diagnostics",),
    "serve": ("serve",),
    "deliver": ("deliver",),
    "flows": ("flows", "--in-process"),
}
SUBSCRIBED = "aftercare_ingest_subscribed 1.0"


def own_services(settings: Settings) -> Settings:
    """The settings with services of the demo's own: it never touches a database or broker that is in use."""
    own = {"database_url": None, "mqtt_url": None, "prefect_api_url": None, "catalog_dir": None, "clock": "system"}
    return settings.model_copy(update=own)


def platform_processes(platform: Platform, clock: ScaledClock) -> Supervisor:
    """Ingest, alarms, API with console, delivery and flows, not started yet.

    Starting them returns when devices may publish: before the broker holds ingest's subscription it has nobody to keep
    messages for, and the first scoring run takes seconds that are days of device time.
    """
    metrics_port = free_port()
    environment = {
        **platform.environment,
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "AFTERCARE_CLOCK": str(clock),
        "AFTERCARE_INGEST_ID": "demo",
        "AFTERCARE_SCORE_INTERVAL": "1s",
        "AFTERCARE_TRAIN_INTERVAL": "520w",
    }
    ready: Mapping[str, Callable[[], bool]] = {
        "ingest": lambda: SUBSCRIBED in _page(f"http://{LOOPBACK}:{metrics_port}/metrics"),
        "serve": lambda: bool(_page(f"{platform.http_url}/api/v1/health")),
        "flows": lambda: _scored_once(platform.prefect_api_url),
    }
    return Supervisor(
        [
            Child(
                name,
                [sys.executable, "-m", "aftercare", *arguments],
                env=child_environment(
                    {**environment, "AFTERCARE_METRICS_PORT": str(metrics_port if name == "ingest" else 0)}
                ),
                ready=ready.get(name),
                ready_within=timedelta(seconds=60),
                log=log_of(platform, name),
            )
            for name, arguments in PROCESSES.items()
        ]
    )


def log_of(platform: Platform, process: str) -> Path:
    """File with the log lines of one of the platform's processes."""
    return platform.data_dir / f"{process}.log"


def _scored_once(prefect_api_url: str) -> bool:
    """Whether the score flow has run: from then on a run takes a second or two."""
    wanted = {
        "flows": {"name": {"any_": ["score"]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }
    return _page(f"{prefect_api_url}/flow_runs/count", wanted) not in ("", "0")


def _page(url: str, question: Mapping[str, Any] | None = None) -> str:
    """What the address answers; nothing while it does not."""
    request = urllib.request.Request(  # noqa: S310 - our own processes on loopback
        url,
        data=None if question is None else json.dumps(question).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - our own processes on loopback
            return str(answer.read().decode())
    except OSError:
        return ""
