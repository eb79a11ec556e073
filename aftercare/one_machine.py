"""The whole platform on this machine: services where the settings name none, the schema, and the processes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from access.accounts import make_first_admin
from aftercare.embedded import EmbeddedBroker, EmbeddedPostgres, EmbeddedPrefect, find_binaries
from aftercare.embedded.ports import answers, free_port, in_use
from aftercare.embedded.state import lock_folder, make_private
from aftercare.settings import Settings, child_environment
from aftercare.supervisor import Child, Supervisor
from aftercare.wiring import load_catalog
from domain.clock import system_clock
from domain.errors import UnavailableError
from store.database import Tier, connect
from store.migrate import migrate

METRICS_OFFSETS = {"ingest": 0, "upkeep": 1, "deliver": 2, "alarms": 3, "diagnostics": 4}
"""Processes on one machine cannot share a port: each has its own from AFTERCARE_METRICS_PORT on."""
COMMANDS: Mapping[str, Sequence[str]] = {
    name: (name,) for name in ("ingest", "upkeep", "alarms", "diagnostics", "serve", "deliver", "flows")
}


@dataclass(frozen=True, slots=True)
class Platform:
    """Where everything is, and the processes that run. `environment` is for further processes of Aftercare."""

    database_url: str = field(repr=False)
    mqtt_url: str
    prefect_api_url: str
    http_url: str
    tier: Tier
    data_dir: Path
    shortcoming: str | None
    environment: Mapping[str, str] = field(repr=False)
    processes: Supervisor
    admin_password: str | None = field(repr=False)


@contextmanager
def run_platform(
    settings: Settings,
    *,
    name: str = "up",
    throwaway: bool = False,
    commands: Mapping[str, Sequence[str]] = COMMANDS,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Platform]:
    """Start everything, give the addresses, and stop everything on leaving.

    `name` keeps the data of several purposes apart. `throwaway` uses free ports and leaves nothing behind.
    `commands` are the processes by name with their `aftercare` arguments; `variables` join their environment.
    Raises ConfigurationError, ConflictError or UnavailableError with everything stopped again.
    """
    catalog = load_catalog(settings.catalog_dir)
    state_dir = settings.state_dir / f"{name}-{os.getpid()}" if throwaway else settings.state_dir
    folder = state_dir / name
    make_private(folder)
    http_port = free_port() if throwaway else settings.http_port
    with ExitStack() as stack:
        if throwaway:
            stack.callback(shutil.rmtree, state_dir, ignore_errors=True)
        stack.callback(os.close, lock_folder(folder))
        if "serve" in commands and in_use(http_port, settings.http_host):
            raise UnavailableError(
                f"port {http_port} on {settings.http_host} is in use: stop what listens there, or choose another "
                "with AFTERCARE_HTTP_PORT"
            )
        services = _start_services(stack, settings, state_dir, name, throwaway)
        environment = {
            **services.variables,
            "AFTERCARE_STATE_DIR": str(state_dir),
            "AFTERCARE_HTTP_PORT": str(http_port),
            **(variables or {}),
        }
        report = migrate(services.variables["AFTERCARE_DATABASE_URL"], list(catalog.values()))
        with connect(services.variables["AFTERCARE_DATABASE_URL"]) as connection:
            # Of what is thrown away nobody should have to choose a password.
            admin_password = make_first_admin(connection, now=system_clock(), one_time=not throwaway)
        if services.prefect is not None:
            services.prefect.wait_ready()
        children = [_child(process, argv, environment, settings, http_port) for process, argv in commands.items()]
        yield Platform(
            database_url=services.variables["AFTERCARE_DATABASE_URL"],
            mqtt_url=services.variables["AFTERCARE_MQTT_URL"],
            prefect_api_url=services.variables["PREFECT_API_URL"],
            http_url=f"http://{settings.http_host}:{http_port}",
            tier=report.tier,
            data_dir=folder,
            shortcoming=services.shortcoming,
            environment=environment,
            processes=stack.enter_context(Supervisor(children)),
            admin_password=admin_password,
        )


@dataclass(frozen=True, slots=True)
class _Services:
    variables: Mapping[str, str]
    shortcoming: str | None
    prefect: EmbeddedPrefect | None


def _start_services(stack: ExitStack, settings: Settings, state_dir: Path, name: str, throwaway: bool) -> _Services:
    """Start those that the settings do not name. Prefect takes longest, so it goes first and is awaited last."""
    variables: dict[str, str] = {}
    shortcoming = None
    prefect = None
    if settings.prefect_api_url is None:
        prefect = EmbeddedPrefect(state_dir, name=name, port=0 if throwaway else settings.embedded_prefect_port)
        stack.callback(prefect.stop)
        prefect.launch()
        variables |= prefect.environment
    else:
        variables["PREFECT_API_URL"] = settings.prefect_api_url
    if settings.database_url is None or settings.mqtt_url is None:
        binaries = find_binaries(settings.services_dir)
        shortcoming = binaries.shortcoming
    # Stopping is arranged before starting: an interrupt may come in between.
    if settings.database_url is None:
        port = 0 if throwaway else settings.embedded_database_port
        postgres = EmbeddedPostgres(binaries, state_dir, name=name, port=port, throwaway=throwaway)
        stack.callback(postgres.stop)
        postgres.start()
        variables["AFTERCARE_DATABASE_URL"] = postgres.url
    else:
        variables["AFTERCARE_DATABASE_URL"] = settings.database_url
    if settings.mqtt_url is None:
        port = 0 if throwaway else settings.embedded_mqtt_port
        broker = EmbeddedBroker(binaries, state_dir, name=name, port=port, throwaway=throwaway)
        stack.callback(broker.stop)
        broker.start()
        variables["AFTERCARE_MQTT_URL"] = broker.url
    else:
        variables["AFTERCARE_MQTT_URL"] = settings.mqtt_url
    return _Services(variables, shortcoming, prefect)


def _child(
    name: str, arguments: Sequence[str], environment: Mapping[str, str], settings: Settings, http_port: int
) -> Child:
    port = settings.metrics_port + METRICS_OFFSETS.get(name, 0) if settings.metrics_port else 0
    return Child(
        name,
        [sys.executable, "-m", "aftercare", *arguments],
        env=child_environment({**environment, "AFTERCARE_METRICS_PORT": str(port)}),
        ready=(lambda: answers(http_port, settings.http_host)) if name == "serve" else None,
        ready_within=timedelta(seconds=60),
    )
