"""`aftercare deliver`."""

from __future__ import annotations

import click

from aftercare import wiring
from aftercare.broker_address import parse_broker_url
from aftercare.cli.stopping import stop_on_signals
from aftercare.delivering import Delivering
from aftercare.logs import configure_logging
from aftercare.metrics_server import serve_metrics
from aftercare.settings import load_settings
from alerts.transports.mqtt import MqttTransport
from store.migrate import require_current


@click.command(
    epilog="Example: AFTERCARE_DATABASE_URL=postgresql://me@localhost/aftercare "
    "AFTERCARE_MQTT_URL=mqtt://localhost aftercare deliver"
)
def deliver() -> None:
    """Tell of every alarm change until Ctrl-C or SIGTERM: on alarms/{device}, to webhooks and to people.

    At least once, and in order of each alarm; what waits goes first. A broker, receiver or database that is away is
    waited for, and delays nobody else. Several of these may run side by side: each receiver is served by one. See
    'aftercare webhooks' and 'aftercare people' for who is told.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    application = wiring.build(settings, pool_size=8, application="aftercare deliver")
    address = parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file)
    transport = MqttTransport(
        host=address.host,
        port=address.port,
        tls=address.tls,
        username=address.username,
        password=address.password,
        ca_file=address.ca_file,
    )
    stop = stop_on_signals()
    with application.database as database:
        with database.transaction() as connection:
            require_current(connection)
        delivering = Delivering(application, transport)
        serve_metrics(settings, delivering.registry, delivering.problem)
        try:
            delivering.run(stop)
        finally:
            transport.close()
