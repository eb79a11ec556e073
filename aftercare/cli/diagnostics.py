"""`aftercare diagnostics`."""

from __future__ import annotations

from functools import partial

import click

from aftercare import wiring
from aftercare.broker_address import parse_broker_url
from aftercare.cli.stopping import stop_on_signals
from aftercare.logs import configure_logging
from aftercare.metrics_server import Pulse, first_problem, serve_metrics
from aftercare.settings import load_settings
from aftercare.threads import run_together
from diagnostics.metrics import DiagnosticsMetrics
from diagnostics.service import Diagnostics
from diagnostics.troubleshooting.service import Troubleshooter
from store.migrate import require_current

LONGEST_ROUND = 60.0
LONGEST_LOOK = 300.0
"""At all runs of troubleshooting that have something to do, one after the other."""


@click.command(
    epilog="Example: AFTERCARE_DATABASE_URL=postgresql://me@localhost/aftercare "
    "AFTERCARE_MQTT_URL=mqtt://localhost aftercare diagnostics"
)
def diagnostics() -> None:
    """Send remote commands and desired settings to devices, take in their answers, and go on with troubleshooting.

    It ends with Ctrl-C or SIGTERM.

    No command is sent twice, and no answer is lost, however this process ends. A broker or database that goes away is
    waited for. Several of these may run side by side: one speaks with the devices, the others stand by.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    application = wiring.build(settings, pool_size=4, application="aftercare diagnostics")
    login = parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file)
    stop = stop_on_signals()
    with application.database as database:
        with database.transaction() as connection:
            require_current(connection)
        metrics = DiagnosticsMetrics(database, application.clock)
        pulses = [Pulse(LONGEST_ROUND), Pulse(LONGEST_LOOK)]
        serve_metrics(settings, metrics.registry, partial(first_problem, pulses))
        speaking, guiding = pulses
        guide = Troubleshooter(database, application.catalog, application.clock, metrics)
        speaker = Diagnostics(database, login, application.clock, settings.clock_tolerance, metrics)
        works = {
            "commands": partial(speaker.run, stop, speaking.beat),
            "troubleshooting": partial(guide.run, stop, guiding.beat),
        }
        run_together(works, stop)
