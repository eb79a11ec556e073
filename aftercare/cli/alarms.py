"""`aftercare alarms`."""

from __future__ import annotations

import click

from aftercare import wiring
from aftercare.cli.stopping import stop_on_signals
from aftercare.logs import configure_logging
from aftercare.metrics_server import Pulse, serve_metrics
from aftercare.settings import load_settings
from alerts.watch import Watch
from alerts.watch_metrics import WatchMetrics
from store.migrate import require_current

LONGEST_ROUND = 300.0
"""Seconds between two signs of life: the devices that one transaction judges, on a slow database."""


@click.command(epilog="Example: AFTERCARE_DATABASE_URL=postgresql://me@localhost/aftercare aftercare alarms")
def alarms() -> None:
    """Raise and clear the alarms of the catalog's rules and of devices that are offline, until Ctrl-C or SIGTERM.

    Also brings shelved alarms back when their time is over, and tells again of what nobody acknowledges. A database
    that goes away is waited for. Several of these may run side by side: each change is made by one of them.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    application = wiring.build(settings, pool_size=2, application="aftercare alarms")
    stop = stop_on_signals()
    with application.database as database:
        with database.transaction() as connection:
            require_current(connection)
        metrics = WatchMetrics(database)
        pulse = Pulse(LONGEST_ROUND)
        serve_metrics(settings, metrics.registry, pulse.problem)
        models = list(application.catalog.values())
        Watch(database, models, application.clock, metrics, settings.alarm_reminder).run(stop, pulse.beat)
