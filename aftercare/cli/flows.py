"""`aftercare flows`."""

from __future__ import annotations

import os
import signal
import threading

import click
import structlog

from aftercare import wiring
from aftercare.logs import configure_logging
from aftercare.prefect_server import needing_prefect
from aftercare.settings import load_settings
from domain.errors import ConfigurationError
from store.migrate import require_current

SECONDS_TO_FINISH = 10.0
log = structlog.get_logger()


@click.command(epilog="Example: PREFECT_API_URL=http://127.0.0.1:4200/api aftercare flows")
@click.option("--in-process", is_flag=True, help="Run the flows in this process, for a sped-up clock.")
def flows(in_process: bool) -> None:
    """Train, score and measure drift on schedule, until a signal comes."""
    settings = load_settings()
    configure_logging(settings.log_level)
    if settings.prefect_api_url is None:
        raise ConfigurationError(
            "PREFECT_API_URL is not set: give the address of a Prefect server, for example http://127.0.0.1:4200/api, "
            "or run 'aftercare up', which brings its own"
        )
    application = wiring.build(settings, application="aftercare flows")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
    if in_process:
        from pipelines.serving import run_in_process  # Prefect takes seconds to import

        run_in_process(
            _stop_on_signal(),
            clock=application.clock,
            train_interval=settings.train_interval,
            score_interval=settings.score_interval,
            drift_interval=settings.drift_interval,
        )
        return
    with needing_prefect(settings.prefect_api_url):
        from pipelines.serving import serve_deployments  # Prefect takes seconds to import

        serve_deployments(
            train_interval=settings.train_interval,
            score_interval=settings.score_interval,
            drift_interval=settings.drift_interval,
        )


def _stop_on_signal() -> threading.Event:
    """Set by the first signal; a run that is still busy after the grace is cut short.

    Prefect's client goes on trying for a minute when its server is away, and whatever the process does then is within
    a transaction or made up for by the next run.
    """
    stop = threading.Event()

    def ask(*_: object) -> None:
        stop.set()
        signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_FINISH)

    def cut_short(*_: object) -> None:
        log.warning("flow run cut short", after_seconds=SECONDS_TO_FINISH)
        os._exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    signal.signal(signal.SIGALRM, cut_short)
    return stop
