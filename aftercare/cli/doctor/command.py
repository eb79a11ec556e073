"""`aftercare doctor`: which checks there are, in which order, and how findings are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from aftercare.broker_address import parse_broker_url
from aftercare.cli.doctor import database, machine
from aftercare.cli.doctor.findings import Check, Finding, Status, examine
from aftercare.embedded.ports import answers
from aftercare.prefect_server import require_prefect
from aftercare.settings import Settings, load_settings
from aftercare.wiring import load_catalog
from domain.errors import AftercareError, UnavailableError
from ingest.broker_probe import check_login, check_queue


@click.command(epilog="Example: aftercare doctor --json")
@click.option(
    "--probe", is_flag=True, help="Also try the broker's queue out, with 1,500 messages to a throw-away session."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
def doctor(probe: bool, as_json: bool) -> None:
    """Check the settings, the catalog, the database, the broker, Prefect and this machine; exit 1 when something is
    wrong.

    What is skipped was not looked at: no setting names it, or something before it is wrong. A note breaks nothing.
    """
    findings = list(_findings(probe))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            status = finding.status.upper() if finding.status is Status.WRONG else finding.status
            click.echo(f"{status:<8} {finding.check:<9} {finding.text}")
    sys.exit(1 if any(finding.status is Status.WRONG for finding in findings) else 0)


def _findings(probe: bool) -> Iterator[Finding]:
    try:
        settings = load_settings()
    except AftercareError as error:
        yield Finding("settings", Status.WRONG, str(error))
        return
    yield Finding("settings", Status.OK, "all of them can be read")
    yield from examine([*CHECKS, QUEUE] if probe else CHECKS, settings)


def _check_catalog(settings: Settings) -> tuple[Status, str]:
    return Status.OK, "device models: " + ", ".join(sorted(load_catalog(settings.catalog_dir)))


def _check_broker(settings: Settings) -> tuple[Status, str]:
    if settings.mqtt_url is None:
        return Status.SKIPPED, "AFTERCARE_MQTT_URL is not set: 'aftercare up' brings a broker of its own"
    broker = parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file)
    if not answers(broker.port, broker.host):
        raise UnavailableError(f"nothing answers at {broker}: start the broker or correct AFTERCARE_MQTT_URL")
    return Status.OK, check_login(broker, settings.ingest_session_expiry)


def _check_queue(settings: Settings) -> tuple[Status, str]:
    return Status.OK, check_queue(parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file))


def _check_prefect(settings: Settings) -> tuple[Status, str]:
    if settings.prefect_api_url is None:
        return Status.SKIPPED, "PREFECT_API_URL is not set: 'aftercare up' brings a Prefect of its own"
    require_prefect(settings.prefect_api_url)
    return Status.OK, f"{settings.prefect_api_url} answers"


CHECKS = (
    Check("catalog", _check_catalog),
    Check("services", machine.check_services),
    Check("database", database.check_database),
    Check("schema", database.check_schema, needs=("database",)),
    Check("storage", database.check_storage, needs=("schema", "catalog")),
    Check("channels", database.check_channels, needs=("schema", "catalog")),
    Check("upkeep", database.check_upkeep, needs=("schema",)),
    Check("replicas", database.check_replicas, needs=("schema",)),
    Check("delivery", database.check_delivery, needs=("schema",)),
    Check("commands", database.check_commands, needs=("schema",)),
    Check("clock", database.check_clock, needs=("database",)),
    Check("broker", _check_broker),
    Check("prefect", _check_prefect),
    Check("disk", machine.check_disk),
    Check("data", machine.check_data, needs=("database",)),
    Check("homes", machine.check_homes),
)
QUEUE = Check("queue", _check_queue, needs=("broker",))
