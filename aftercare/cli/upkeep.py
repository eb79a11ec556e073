"""`aftercare upkeep`."""

from __future__ import annotations

import click

from aftercare import wiring
from aftercare.cli.stopping import stop_on_signals
from aftercare.logs import configure_logging
from aftercare.settings import load_settings
from ingest.upkeep import service


@click.command(epilog="Example: AFTERCARE_DATABASE_URL=postgresql://me@localhost/aftercare aftercare upkeep")
def upkeep() -> None:
    """Keep roll-ups and latest values up to date, and drop what is kept no longer, until Ctrl-C or SIGTERM.

    A database that goes away is waited for. Several of these may run side by side: each device model is looked after
    by one at a time.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    application = wiring.build(settings, pool_size=3, application="aftercare upkeep")
    stop = stop_on_signals()
    with application.database:
        service.run(application, stop)
