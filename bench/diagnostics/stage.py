"""Database, broker, simulated devices each with a connection of its own, and the process that speaks with them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aftercare.embedded import EmbeddedBroker, EmbeddedPostgres, find_binaries
from aftercare.settings import child_environment, load_settings
from aftercare.wiring import Catalog, load_catalog
from diagnostics import commands
from diagnostics.commands import Wish
from domain.account import Role
from domain.clock import system_clock
from domain.device import Device
from domain.errors import UnavailableError
from store import devices
from store.database import Database
from store.migrate import migrate

MODEL = "compressor"
PATIENCE = 120.0


@dataclass(slots=True)
class Stage:
    """Everything runs but the platform's process: that is `platform`'s."""

    database: Database
    catalog: Catalog
    mqtt_port: int
    devices: list[str]
    executions: Path

    def command(self, device: str) -> int:
        """Ask one device for a snapshot; gives the number of the command."""
        with self.database.transaction() as connection:
            return commands.request(
                connection,
                self.catalog,
                device,
                Wish("snapshot", {}),
                who="bench",
                role=Role.ADMIN,
                now=system_clock(),
            ).command_id

    def command_all(self) -> int:
        """Ask every device for a snapshot; gives the number of the request."""
        with self.database.transaction() as connection:
            wish = Wish("snapshot", {})
            fleet = commands.request_fleet(
                connection, self.catalog, self.devices, wish, who="bench", role=Role.ADMIN, now=system_clock()
            )
        assert not fleet.refused, fleet.refused
        return fleet.fleet_id

    def one(self, statement: str, *values: object) -> float:
        """The number that a query gives."""
        with self.database.transaction() as connection:
            [(number,)] = connection.execute(statement.encode(), values).fetchall()
        return float(number)

    def unfinished(self, fleet_id: int) -> float:
        return self.one("SELECT count(*) FROM commands WHERE fleet_id = %s AND finished_at IS NULL", fleet_id)

    @contextmanager
    def platform(self) -> Iterator[subprocess.Popen[bytes]]:
        """`aftercare diagnostics` runs, until it is killed or the block is left."""
        environment = {
            "AFTERCARE_DATABASE_URL": self.database.url,
            "AFTERCARE_MQTT_URL": f"mqtt://127.0.0.1:{self.mqtt_port}",
            "AFTERCARE_LOG_LEVEL": "error",
        }
        argv = [sys.executable, "-m", "aftercare", "diagnostics"]
        process = subprocess.Popen(argv, env=child_environment(environment))
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def until(there: Callable[[], bool], what: str) -> None:
    """Poll until it is there. Raises UnavailableError after two minutes."""
    deadline = time.monotonic() + PATIENCE
    while not there():
        if time.monotonic() > deadline:
            raise UnavailableError(f"{what} within {PATIENCE:g} s: the machine is too slow, or something is broken")
        time.sleep(0.02)


@contextmanager
def stage(count: int) -> Iterator[Stage]:
    """`count` simulated compressors that have introduced themselves to the platform."""
    binaries, catalog = find_binaries(load_settings().services_dir), load_catalog()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(EmbeddedPostgres(binaries, folder / "server", name="bench", throwaway=True))
        broker = stack.enter_context(EmbeddedBroker(binaries, folder / "mqtt", name="bench", throwaway=True))
        url = server.url_of("postgres")
        migrate(url, list(catalog.values()))
        database = stack.enter_context(Database(url))
        names = [f"SC-{number + 1:04d}" for number in range(count)]
        with database.transaction() as connection:
            devices.save(connection, [Device(name, MODEL, service_centre="north") for name in names])
            # As ingest would, which does not run here.
            connection.execute("UPDATE devices SET connectivity = 'online'")
        ready = Stage(database, catalog, broker.port, names, folder / "executions.csv")
        with ready.platform():
            # What devices report before the platform has ever subscribed, the broker keeps for nobody.
            until(lambda: ready.one("SELECT coalesce(max(epoch), 0) FROM diagnostics_session") > 0, "nobody spoke")
            stack.enter_context(_devices(ready, broker.url))
            told = "SELECT count(*) FROM device_twins WHERE reported_at IS NOT NULL"
            until(lambda: ready.one(told) == count, f"not all of {count} devices reported")
        yield ready


@contextmanager
def _devices(stage: Stage, mqtt_url: str) -> Iterator[None]:
    argv = [
        *(sys.executable, "-m", "aftercare", "simulate", "--fleet", f"{MODEL}={len(stage.devices)}", "--days", "1"),
        *("--clients", "per-device", "--executions", str(stage.executions), "--mqtt", mqtt_url, "--patience", "0"),
    ]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield
    finally:
        process.kill()
        process.communicate()
