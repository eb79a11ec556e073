"""`aftercare deliver`."""

from __future__ import annotations

import signal
import threading

import click

from aftercare import wiring
from aftercare.broker_address import parse_broker_url
from aftercare.logs import configure_logging
from aftercare.metrics_server import Pulse, serve_metrics
from aftercare.settings import load_settings
from alerts.delivery import follow
from alerts.delivery_metrics import DeliveryMetrics
from alerts.transports.mqtt import MqttTransport
from store.migrate import require_current

LONGEST_DELIVERY = 120.0
"""Seconds that connecting, delivering and being confirmed may take together."""


@click.command(
    epilog="Example: AFTERCARE_DATABASE_URL=postgresql://me@localhost/aftercare "
    "AFTERCARE_MQTT_URL=mqtt://localhost aftercare deliver"
)
def deliver() -> None:
    """Publish every alarm change on alarms/{device} until Ctrl-C or SIGTERM.

    At least once and in order; what waits is published first. A broker or database that is away is waited for. Several
    of these may run side by side: one delivers, the others stand by.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    application = wiring.build(settings, pool_size=2, application="aftercare deliver")
    address = parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file)
    transport = MqttTransport(
        host=address.host,
        port=address.port,
        tls=address.tls,
        username=address.username,
        password=address.password,
        ca_file=address.ca_file,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with application.database as database:
        with database.transaction() as connection:
            require_current(connection)
        metrics = DeliveryMetrics(database, transport.name, application.clock)
        pulse = Pulse(LONGEST_DELIVERY)
        serve_metrics(settings, metrics.registry, pulse.problem)
        try:
            follow(database, transport, clock=application.clock, stop=stop, metrics=metrics, beat=pulse.beat)
        finally:
            transport.close()
