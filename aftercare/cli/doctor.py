"""`aftercare doctor`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import click

from aftercare.broker_address import parse_broker_url
from aftercare.embedded import find_binaries
from aftercare.embedded.ports import answers
from aftercare.prefect_server import require_prefect
from aftercare.settings import Settings, load_settings
from aftercare.wiring import load_catalog
from domain.errors import AftercareError, UnavailableError
from store.database import connect, describe_url, detect_tier
from store.migrate import require_current
from store.sizes import Size, backlog, sizes

WRITES_BEHIND = 1000
"""More than a minute of ingest at full speed: upkeep does not run, or cannot keep up."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `text` says what to do when it is not ok."""

    check: str
    ok: bool
    text: str


@click.command(epilog="Example: aftercare doctor --json")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
def doctor(as_json: bool) -> None:
    """Check the settings, the catalog, the database, the broker and Prefect; exit 1 when something is wrong."""
    findings = list(_examine())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.check:<9} {finding.text}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


def _examine() -> Iterator[Finding]:
    try:
        settings = load_settings()
    except AftercareError as error:
        yield Finding("settings", False, str(error))
        return
    yield Finding("settings", True, "all of them can be read")
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("catalog", _check_catalog),
        ("database", _check_database),
        ("storage", _check_storage),
        ("upkeep", _check_upkeep),
        ("broker", _check_broker),
        ("prefect", _check_prefect),
    )
    for name, check in checks:
        try:
            yield Finding(name, True, check(settings))
        except AftercareError as error:
            yield Finding(name, False, str(error))


def _check_catalog(settings: Settings) -> str:
    return "device models: " + ", ".join(sorted(load_catalog(settings.catalog_dir)))


def _check_database(settings: Settings) -> str:
    if settings.database_url is None:
        return _check_binaries(settings)
    with connect(settings.database_url) as connection:
        require_current(connection)
        tier = detect_tier(connection)
    return f"{describe_url(settings.database_url).removeprefix('database ')} is current ({tier})"


def _check_storage(settings: Settings) -> str:
    if settings.database_url is None:
        return _check_binaries(settings)
    with connect(settings.database_url) as connection:
        require_current(connection)
        found = sizes(connection, list(load_catalog(settings.catalog_dir).values()))
    return "; ".join(map(_describe_size, found))


def _describe_size(size: Size) -> str:
    each = "" if size.bytes_a_value is None else f" ({size.bytes_a_value:.0f} bytes a value)"
    return (
        f"{size.device_model}: about {size.rows:,} readings in {size.readings / 1e6:,.1f} MB{each}, "
        f"roll-ups {size.rollups / 1e6:,.1f} MB"
    )


def _check_upkeep(settings: Settings) -> str:
    if settings.database_url is None:
        return _check_binaries(settings)
    with connect(settings.database_url) as connection:
        require_current(connection)
        behind = backlog(connection)
    if behind.writes > WRITES_BEHIND:
        raise UnavailableError(f"{behind.writes:,} writes wait for it, so charts are slow: start 'aftercare upkeep'")
    return f"{behind.writes:,} writes and {behind.buckets:,} buckets wait for it"


def _check_broker(settings: Settings) -> str:
    if settings.mqtt_url is None:
        return _check_binaries(settings)
    broker = parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file)
    if not answers(broker.port, broker.host):
        raise UnavailableError(f"nothing answers at {broker}: start the broker or correct AFTERCARE_MQTT_URL")
    return f"{broker} answers"


def _check_prefect(settings: Settings) -> str:
    if settings.prefect_api_url is None:
        return "embedded: 'aftercare up' starts it"
    require_prefect(settings.prefect_api_url)
    return f"{settings.prefect_api_url} answers"


def _check_binaries(settings: Settings) -> str:
    binaries = find_binaries(settings.services_dir)
    return f"embedded from {binaries.origin}: 'aftercare up' starts it" + (
        f". {binaries.shortcoming}" if binaries.shortcoming else ""
    )
