"""A Prefect server on loopback with a SQLite database; its outbound telemetry is off."""

from __future__ import annotations

import http.client
import sys
from datetime import timedelta
from pathlib import Path

from aftercare.embedded.ports import LOOPBACK, free_port, in_use
from aftercare.embedded.state import make_private
from aftercare.settings import child_environment
from aftercare.supervisor import Child, Supervisor
from domain.errors import UnavailableError


class EmbeddedPrefect:
    """One Prefect server, kept in `state_dir/name`; a context manager. `port` 0 takes a free one.

    It takes 10 to 15 s to start: `launch()` it first, and `wait_ready()` when the rest is up.
    """

    def __init__(self, state_dir: Path, *, name: str = "up", port: int = 0) -> None:
        self.port = port or free_port()
        self._folder = state_dir / name
        self._supervisor: Supervisor | None = None

    @property
    def url(self) -> str:
        """Value for PREFECT_API_URL."""
        return f"http://{LOOPBACK}:{self.port}/api"

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process that talks to this server."""
        return {
            "PREFECT_API_URL": self.url,
            "PREFECT_HOME": str(self._folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }

    def __enter__(self) -> EmbeddedPrefect:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Run the server and wait until it answers. Raises UnavailableError with what it said."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Run the server without waiting for it. Raises UnavailableError when its port is taken."""
        if in_use(self.port):
            raise UnavailableError(
                f"port {self.port} on {LOOPBACK} is in use: stop what listens there, or choose another with "
                "AFTERCARE_EMBEDDED_PREFECT_PORT"
            )
        make_private(self._folder / "prefect")
        self._supervisor = Supervisor([self._child()])
        self._supervisor.launch(self._child())

    def wait_ready(self) -> None:
        """Wait until the launched server answers; from then on a crashed server is started again."""
        assert self._supervisor is not None, "launch() comes first"
        try:
            self._supervisor.wait_ready(self._child())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server; nothing when it does not run."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None

    def _child(self) -> Child:
        database = self._folder / "prefect" / "prefect.db"
        environment = {
            **self.environment,
            "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{database}",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        }
        return Child(
            "prefect",
            [sys.executable, "-m", "prefect", "server", "start", "--host", LOOPBACK, "--port", str(self.port)],
            env=child_environment(environment),
            ready=self._answers,
            ready_within=timedelta(seconds=120),
            log=self._folder / "prefect.log",
        )

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=2)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()
