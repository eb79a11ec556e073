"""`aftercare flows`."""

from __future__ import annotations

import signal
import threading

import click

from aftercare import wiring
from aftercare.logs import configure_logging
from aftercare.prefect_server import needing_prefect
from aftercare.settings import load_settings
from domain.errors import ConfigurationError


@click.command(epilog="Example: PREFECT_API_URL=http://127.0.0.1:4200/api aftercare flows")
@click.option("--in-process", is_flag=True, help="Run the flows in this process, for a sped-up clock.")
def flows(in_process: bool) -> None:
    """Train and score on schedule, until a signal comes."""
    settings = load_settings()
    configure_logging(settings.log_level)
    if settings.prefect_api_url is None:
        raise ConfigurationError(
            "PREFECT_API_URL is not set: give the address of a Prefect server, for example http://127.0.0.1:4200/api, "
            "or run 'aftercare up', which brings its own"
        )
    application = wiring.build(settings)
    if in_process:
        from pipelines.serving import run_in_process  # Prefect takes seconds to import

        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        run_in_process(
            stop,
            clock=application.clock,
            train_interval=settings.train_interval,
            score_interval=settings.score_interval,
        )
        return
    with needing_prefect(settings.prefect_api_url):
        from pipelines.serving import serve_deployments  # Prefect takes seconds to import

        serve_deployments(train_interval=settings.train_interval, score_interval=settings.score_interval)
