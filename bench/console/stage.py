"""A seeded database, `aftercare serve` on it as users run it, and a bare application beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from access.accounts import add_program, create_token
from access.signing_in import begin_session
from aftercare.embedded.ports import answers, free_port
from bench.console.questions import CUSTOMER
from domain.account import Caller, Role
from domain.clock import system_clock
from store import users
from store.database import Database

STARTS_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who may look: what their browser and what their programs show. prefix: of the names of their figures."""

    prefix: str
    caller: Caller
    session: str
    token: str


@dataclass(frozen=True, slots=True)
class Process:
    """Something that is served by a process of its own."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def processor_seconds(self) -> float:
        """What it has used of all processors together since it began."""
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Memory that it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Stage:
    """What is measured: the platform and the bare application, and who looks at it."""

    database: Database
    served: Process
    bare: Process
    planner: Viewer
    customer: Viewer


@contextmanager
def stage(database_url: str, catalog_dir: Path) -> Iterator[Stage]:
    """Serve a seeded database until the block is left."""
    with ExitStack() as stack:
        database = stack.enter_context(Database(database_url))
        planner = _viewer(database, "", Caller(0, "bench planner", Role.ADMIN))
        customer = _viewer(database, "customer's ", Caller(0, "bench customer", Role.VIEWER, CUSTOMER))
        settings = {"AFTERCARE_DATABASE_URL": database_url, "AFTERCARE_CATALOG_DIR": str(catalog_dir)}
        served = stack.enter_context(_serving(["aftercare", "serve"], settings, with_port=False))
        bare = stack.enter_context(_serving(["bench.console.bare"], settings, with_port=True))
        yield Stage(database, served, bare, planner, customer)


def _viewer(database: Database, prefix: str, caller: Caller) -> Viewer:
    now, name = system_clock(), caller.name
    with database.transaction() as connection:
        if not users.list_users(connection, name=name):
            add_program(connection, name=name, role=caller.role, customer=caller.customer, who="bench", now=now)
        user_id = users.get(connection, name).user_id
        session = begin_session(connection, user_id=user_id, name=name, by="bench", now=now)
        token = create_token(connection, name, label="bench", who="bench", now=now).token
        return Viewer(prefix, caller, session, token)


@contextmanager
def _serving(module: list[str], settings: Mapping[str, str], *, with_port: bool) -> Iterator[Process]:
    port = free_port()
    environment = os.environ | {
        **settings,
        "AFTERCARE_HTTP_PORT": str(port),
        "AFTERCARE_API_RATE": "100000",
        "AFTERCARE_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", *module, *([str(port)] if with_port else [])]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not answers(port):
            assert process.poll() is None, f"{command} ended"
            assert time.monotonic() < deadline, f"{command} does not serve"
            time.sleep(0.05)
        yield Process(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
