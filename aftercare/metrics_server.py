"""What a process tells of itself over HTTP: figures for Prometheus, and whether it lives, for who watches over it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from aftercare.settings import Settings
from domain.errors import ConfigurationError

Problem = Callable[[], str | None]
"""Why the process has to be started again; None while it lives. A service that is away is no such reason."""


class Pulse:
    """Beats once in each round of a loop, and tells when the loop has stood still."""

    def __init__(self, within: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """within: seconds that the longest round may take."""
        self._within = within
        self._monotonic = monotonic
        self._latest = monotonic()

    def beat(self) -> None:
        """A round begins."""
        self._latest = self._monotonic()

    def problem(self) -> str | None:
        """Why the process has to be started again, or None."""
        silent = self._monotonic() - self._latest
        return f"no sign of life for {silent:.0f} s" if silent > self._within else None


def first_problem(pulses: Iterable[Pulse]) -> str | None:
    """Of a process with several loops."""
    return next(filter(None, (pulse.problem() for pulse in pulses)), None)


class MetricsServer:
    """`/metrics`, and `/health` with 200 or 503, in threads of its own until the process ends or `close`."""

    def __init__(self, registry: CollectorRegistry, problem: Problem, *, host: str, port: int) -> None:
        """Port 0 takes a free one. Raises ConfigurationError when the address cannot be had."""

        class Handler(BaseHTTPRequestHandler):
            timeout = 10
            server_version = "aftercare"

            def do_GET(self) -> None:
                page = self.path.partition("?")[0]
                if page == "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                elif page == "/health":
                    found = problem()
                    self._answer(503 if found else 200, "text/plain", (found or "ok").encode())
                else:
                    self._answer(404, "text/plain", b"/metrics and /health are here")

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Not a line for each scrape."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except (OSError, OverflowError) as error:
            raise ConfigurationError(
                f"cannot serve metrics on {host}:{port}: {error}. "
                "Set AFTERCARE_METRICS_HOST and AFTERCARE_METRICS_PORT to a free address"
            ) from error
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def serve_metrics(settings: Settings, registry: CollectorRegistry, problem: Problem) -> None:
    """Answer where the settings say, if they do. Raises ConfigurationError when the address cannot be had."""
    if settings.metrics_port:
        MetricsServer(registry, problem, host=settings.metrics_host, port=settings.metrics_port)
