"""Everything that a fault can hit: TimescaleDB, Mosquitto, the line between, and two replicas of ingest."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

import psycopg

from aftercare.embedded import Binaries, EmbeddedBroker, EmbeddedPostgres, find_binaries
from aftercare.settings import load_settings
from aftercare.wiring import load_catalog
from bench.chaos import processes
from bench.chaos.messages import DEVICES, MODEL, device_name
from bench.chaos.network import Line
from bench.chaos.replicas import Replica
from bench.chaos.small_disk import SmallDisk
from domain.device import Device
from domain.errors import ConfigurationError, UnavailableError
from store import devices
from store.database import Database
from store.migrate import migrate

REPLICAS = 2
GROUP = "chaos"
RECOVERY_SECONDS = 120.0
"""How long PostgreSQL may take to be back after a SIGKILL under load."""


@dataclass(slots=True)
class Stage:
    """What runs. `no_disk` says why the database has no disk of its own."""

    binaries: Binaries
    folder: Path
    server: EmbeddedPostgres
    broker: EmbeddedBroker
    line: Line
    replicas: list[Replica] = field(default_factory=list)
    disk: SmallDisk | None = None
    no_disk: str = ""

    def signal_server(self, number: Signals) -> None:
        """Signal PostgreSQL's first process, once it has recovered from the signal before; it is started again when it
        ends. Raises UnavailableError when it stays away."""
        self._wait_for_server()
        processes.send(self.binaries, number, processes.find_below(self.server.pid, "postgres"))

    def _wait_for_server(self) -> None:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                psycopg.connect(self.server.url, connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise UnavailableError(f"PostgreSQL is not back after {RECOVERY_SECONDS:.0f} s: {error}") from error
                time.sleep(0.2)
            else:
                return

    def server_log(self) -> str:
        return (self.folder / "chaos" / "postgres.log").read_text(errors="replace")


@contextmanager
def set_up() -> Iterator[Stage]:
    """Services and replicas of a fleet of their own, gone afterwards; logs stay when something failed.

    Raises ConfigurationError where the real services are not to be had.
    """
    binaries = find_binaries(load_settings().services_dir)
    if binaries.shortcoming:
        raise ConfigurationError(f"chaos needs the real services. {binaries.shortcoming}")
    folder = Path(tempfile.mkdtemp(prefix="aftercare-chaos-"))
    with ExitStack() as stack:
        # What a fault must not undo: durable, and not removed when the process dies.
        server = EmbeddedPostgres(binaries, folder, name="chaos")
        stack.callback(_remove_homes, binaries, Path(server.data_dir).parent, folder)
        disk, no_disk = _give_disk(binaries, folder, Path(server.data_dir), stack)
        broker = EmbeddedBroker(binaries, folder, name="chaos")
        stack.enter_context(server)
        stack.enter_context(broker)
        line = Line(server.port)
        stack.callback(line.close)
        _prepare(server)
        stage = Stage(binaries, folder, server, broker, line, disk=disk, no_disk=no_disk)
        stage.replicas += [Replica(f"replica-{number}", folder, _environment(stage)) for number in range(REPLICAS)]
        for replica in stage.replicas:
            stack.callback(replica.stop)
            replica.start()
        for replica in stage.replicas:
            replica.wait_subscribed()
        yield stage
    shutil.rmtree(folder, ignore_errors=True)


def _give_disk(binaries: Binaries, folder: Path, where: Path, stack: ExitStack) -> tuple[SmallDisk | None, str]:
    try:
        disk = SmallDisk(binaries, folder / "disk.img", where)
    except (UnavailableError, OSError) as error:
        return None, str(error)
    stack.callback(disk.close)
    return disk, ""


def _prepare(server: EmbeddedPostgres) -> None:
    migrate(server.url, list(load_catalog().values()))
    fleet = [Device(device_name(number), MODEL.name, service_centre="main") for number in range(DEVICES)]
    with Database(server.url) as database, database.transaction() as connection:
        devices.save(connection, fleet)


def _environment(stage: Stage) -> dict[str, str]:
    return {
        "AFTERCARE_DATABASE_URL": stage.server.url.replace(f":{stage.server.port}/", f":{stage.line.port}/"),
        "AFTERCARE_MQTT_URL": stage.broker.url,
        "AFTERCARE_INGEST_GROUP": GROUP,
        "AFTERCARE_INGEST_SESSION_EXPIRY": "1h",
    }


def _remove_homes(binaries: Binaries, home: Path, folder: Path) -> None:
    """What the services kept outside of `folder`, as it is when another user runs them."""
    if not home.is_relative_to(folder):
        with suppress(UnavailableError):
            processes.run_as_owner(binaries, "rm", "-rf", "--one-file-system", str(home.parent))
