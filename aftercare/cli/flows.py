"""`aftercare flows`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial

import click
import structlog

from aftercare import wiring
from aftercare.cli.stopping import stop_on_signals
from aftercare.logs import configure_logging
from aftercare.prefect_server import needing_prefect
from aftercare.settings import load_settings
from domain.errors import AftercareError, ConfigurationError
from store.migrate import require_current

SECONDS_TO_FINISH = 10.0
SECONDS_BETWEEN_LOOKS = 1.0
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

        _until_signal(
            partial(
                run_in_process,
                clock=application.clock,
                train_interval=settings.train_interval,
                score_interval=settings.score_interval,
                drift_interval=settings.drift_interval,
            )
        )
        return
    with needing_prefect(settings.prefect_api_url):
        from pipelines.serving import serve_deployments  # Prefect takes seconds to import

        serve_deployments(
            train_interval=settings.train_interval,
            score_interval=settings.score_interval,
            drift_interval=settings.drift_interval,
        )


def _until_signal(work: Callable[[threading.Event], None]) -> None:
    """Let `work` go on until a signal sets the event that it is given. From then on the process lives for the grace at
    most: neither a thread can be interrupted, nor Prefect, which waits for its own threads when its server is away.

    Work has a thread of its own because Prefect takes SIGTERM over in the main thread while a flow runs, and loses it
    when its server is away. What is cut short is within a transaction, or made up for by the next run. Raises
    AftercareError when the work ends by itself.
    """
    stop = stop_on_signals()
    worker = threading.Thread(target=work, args=(stop,), name="flows", daemon=True)
    worker.start()
    while not stop.wait(SECONDS_BETWEEN_LOOKS):
        if not worker.is_alive():
            raise AftercareError("the flows ended by themselves: the lines above tell why")
    grace = threading.Timer(SECONDS_TO_FINISH, _cut_short)
    grace.daemon = True
    grace.start()
    worker.join()


def _cut_short() -> None:
    log.warning("flow run cut short", after_seconds=SECONDS_TO_FINISH)
    os._exit(0)
