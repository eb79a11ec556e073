"""`aftercare ingest`."""

from __future__ import annotations

import click

from aftercare import wiring
from aftercare.logs import configure_logging
from aftercare.settings import load_settings
from ingest import service


@click.command(
    epilog="Example: AFTERCARE_DATABASE_URL=postgresql://me@localhost/aftercare "
    "AFTERCARE_MQTT_URL=mqtt://localhost aftercare ingest"
)
def ingest() -> None:
    """Write what devices publish into the database until Ctrl-C or SIGTERM.

    A message is acknowledged to the broker only after its rows are committed. Several of these may run side by side,
    and share the messages: what a lost one had is taken over by another (AFTERCARE_INGEST_TAKEOVER).
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    service.run(wiring.build(settings))
