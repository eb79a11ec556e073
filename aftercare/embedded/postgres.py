"""A PostgreSQL server on loopback, with TimescaleDB when the binaries have it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from signal import SIGINT

from aftercare.embedded.binaries import Binaries, Origin
from aftercare.embedded.ports import LOOPBACK, free_port, service_answers
from aftercare.embedded.state import fresh_log, make_private, write_private
from aftercare.supervisor import Child, Supervisor
from domain.errors import UnavailableError
from store.cluster import ensure_database, password_statement
from store.database import connect

DATABASE = "aftercare"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "max_worker_processes": "24",
    "jit": "off",
    "log_checkpoints": "off",
}
TIMESCALEDB_SETTINGS = {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}
THROWAWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

# initdb that is interrupted leaves no folder that would be taken for a cluster.
INITDB = """
test -s cluster/PG_VERSION || {
    rm -rf cluster.partial
    "$0" --pgdata=cluster.partial --username=postgres --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 \
        --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 $1 && mv cluster.partial cluster
}
"""


class EmbeddedPostgres:
    """One cluster, kept in `state_dir/name`; a context manager.

    `port` 0 takes a free one. `throwaway`: not safe from a power cut, and removed at the end. The superuser's password
    is generated and kept for the owner of `state_dir` alone, so that other users of this machine stay out.
    """

    def __init__(
        self,
        binaries: Binaries,
        state_dir: Path,
        *,
        name: str = "up",
        port: int = 0,
        throwaway: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self._binaries = binaries
        self._throwaway = throwaway
        self._settings = {
            **SETTINGS,
            **(TIMESCALEDB_SETTINGS if binaries.origin is not Origin.WHEELS else {}),
            **(THROWAWAY_SETTINGS if throwaway else {}),
            **(settings or {}),
        }
        self._folder = state_dir / name
        self._home = binaries.home(state_dir, f"{name}/postgres")
        self._password = ""
        self._supervisor: Supervisor | None = None

    @property
    def url(self) -> str:
        """Address of the database, with the password; after `start()`."""
        return self.url_of(DATABASE)

    @property
    def data_dir(self) -> str:
        """Where the data is on this machine."""
        return self._binaries.shown(self._home)

    @property
    def pid(self) -> int:
        """Process id of what runs the server; killing it stops the server, and it is started again."""
        assert self._supervisor is not None, "not started"
        return self._supervisor.pid("postgres")

    def url_of(self, database: str) -> str:
        """Address of another database of this server."""
        return f"postgresql://postgres:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Make the cluster when it is missing, run it and wait for it; a crashed server is started again.

        Raises UnavailableError with what PostgreSQL said.
        """
        make_private(self._folder)
        self._prepare()
        log = fresh_log(self._folder / "postgres.log")
        options = [f"--{name}={value}" for name, value in {**self._settings, "port": str(self.port)}.items()]
        argv = [f"{self._binaries.postgres_bin}/postgres", "-D", "cluster", *options]
        self._supervisor = Supervisor(
            [
                Child(
                    "postgres",
                    self._binaries.command(
                        argv, home=self._home, port=self.port, stop_signal=SIGINT, remove=self._throwaway
                    ),
                    ready=lambda: service_answers(log, self.port) and self._lets_us_in(),
                    ready_within=timedelta(seconds=90),
                    lifeline=True,
                    log=log,
                )
            ]
        )
        self._supervisor.start()
        try:
            ensure_database(self.url_of("postgres"), DATABASE)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server cleanly; nothing when it does not run."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None

    def _prepare(self) -> None:
        """Make the cluster and the superuser's password, each when it is missing."""
        fast = "--no-sync" if self._throwaway else "--data-checksums"
        initdb = f"{self._binaries.postgres_bin}/initdb"
        made = self._binaries.run(["sh", "-c", INITDB, initdb, fast], home=self._home)
        password_file = self._folder / "postgres.password"
        if not made and password_file.exists():
            self._password = password_file.read_text()
            return
        self._password = secrets.token_hex(24)
        single_user = [f"{self._binaries.postgres_bin}/postgres", "--single", "-D", "cluster", "postgres"]
        self._binaries.run(single_user, home=self._home, text=password_statement(self._password) + "\n")
        write_private(password_file, self._password)

    def _lets_us_in(self) -> bool:
        try:
            connect(self.url_of("postgres")).close()
        except UnavailableError:
            return False
        return True
