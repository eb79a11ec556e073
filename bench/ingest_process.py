"""`aftercare ingest` as users run it, on a database of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from aftercare.embedded.ports import free_port
from aftercare.wiring import load_catalog
from bench.payloads import DEVICES, MODEL
from domain.device import Device
from store import devices
from store.database import Database
from store.migrate import migrate


@dataclass(slots=True)
class IngestProcess:
    """One replica that runs."""

    process: subprocess.Popen[bytes]
    metrics_port: int

    def committed(self) -> float:
        """Messages committed so far, from its metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            for line in answer:
                if line.startswith(b"aftercare_ingest_messages_committed_total"):
                    return float(line.split()[1])
        raise AssertionError("no such metric")

    def processor_seconds(self) -> float:
        """What it has used of all processors together since it began."""
        user, system = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Memory that it holds."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Address of a migrated database with the fleet registered; dropped afterwards. What the server has still to write
    of earlier ones is written before."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    url = server_url.rsplit("/", 1)[0] + "/" + name
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        migrate(url, list(load_catalog().values()))
        with Database(url) as database, database.transaction() as connection:
            fleet = [Device(f"bench-{number}", MODEL.name, service_centre="main") for number in range(DEVICES)]
            devices.save(connection, fleet)
        server.execute("CHECKPOINT")
    yield url
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def running_ingest(database_url: str, mqtt_port: int, group: str, processes: int) -> Iterator[list[IngestProcess]]:
    """Replicas that share a subscription, all of them subscribed; stopped afterwards."""
    with ExitStack() as stack:
        running = [_start(database_url, mqtt_port, group, number) for number in range(processes)]
        for one in running:
            stack.callback(one.stop)
        for one in running:
            assert one.process.stderr is not None
            while b'"subscribed"' not in (line := one.process.stderr.readline()):
                assert line, "ingest ended"
        yield running


def new_group() -> str:
    """The name of a group that the broker does not know yet."""
    return f"bench{uuid.uuid4().hex[:8]}"


def _start(database_url: str, mqtt_port: int, group: str, number: int) -> IngestProcess:
    metrics_port = free_port()
    environment = os.environ | {
        "AFTERCARE_INGEST_SESSION_EXPIRY": "1h",
        "AFTERCARE_DATABASE_URL": database_url,
        "AFTERCARE_MQTT_URL": f"mqtt://127.0.0.1:{mqtt_port}",
        "AFTERCARE_INGEST_ID": f"{group}-{number}",
        "AFTERCARE_INGEST_GROUP": group,
        "AFTERCARE_METRICS_PORT": str(metrics_port),
    }
    command = [sys.executable, "-m", "aftercare", "ingest"]
    return IngestProcess(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE), metrics_port)
