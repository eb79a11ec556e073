"""`aftercare doctor`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta

import click

from aftercare.broker_address import parse_broker_url
from aftercare.embedded import find_binaries
from aftercare.embedded.ports import answers
from aftercare.prefect_server import require_prefect
from aftercare.settings import Settings, load_settings
from aftercare.wiring import load_catalog
from domain.clock import system_clock
from domain.errors import AftercareError, UnavailableError
from ingest.broker_probe import check_login, check_queue
from store.database import connect, describe_url, detect_tier, read_clock
from store.ingest_slots import slots
from store.migrate import require_current
from store.sizes import Size, backlog, sizes

WRITES_BEHIND = 1000
"""More than a minute of ingest at full speed: upkeep does not run, or cannot keep up."""

TAKEOVER_TAKES = timedelta(minutes=1)
"""After which a slot should be gone that is left behind: longer only with a long backlog, during which it is held."""
MAX_SKEW = timedelta(seconds=2)
MIN_FREE = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `text` says what to do when it is not ok."""

    check: str
    ok: bool
    text: str


@click.command(epilog="Example: aftercare doctor --json")
@click.option(
    "--probe", is_flag=True, help="Also try the broker's queue out, with 1,500 messages to a throw-away session."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
def doctor(probe: bool, as_json: bool) -> None:
    """Check the settings, the catalog, the database, the broker and Prefect; exit 1 when something is wrong."""
    findings = list(_examine(probe))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.check:<9} {finding.text}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


def _examine(probe: bool) -> Iterator[Finding]:
    try:
        settings = load_settings()
    except AftercareError as error:
        yield Finding("settings", False, str(error))
        return
    yield Finding("settings", True, "all of them can be read")
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("catalog", _check_catalog),
        ("database", _check_database),
        ("storage", _check_storage),
        ("upkeep", _check_upkeep),
        ("clock", _check_clock),
        ("broker", _check_broker),
        ("replicas", _check_replicas),
        ("prefect", _check_prefect),
        ("disk", _check_disk),
    ]
    if probe:
        checks.append(("queue", _check_queue))
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
    return check_login(broker, settings.ingest_session_expiry)


def _check_replicas(settings: Settings) -> str:
    if settings.database_url is None:
        return _check_binaries(settings)
    with connect(settings.database_url) as connection:
        require_current(connection)
        found = slots(connection)
    lost = [slot for slot in found if not slot.held and slot.unheld > settings.ingest_takeover + TAKEOVER_TAKES]
    if lost:
        names = "; ".join(
            f"slot {slot.number} of group {slot.group}, last {slot.held_by}'s, for {_whole_seconds(slot.unheld)}"
            for slot in lost
        )
        raise UnavailableError(
            f"no ingest holds {names}: what the broker keeps for it waits. Start 'aftercare ingest', to take it over"
        )
    return f"ingest processes: {sum(slot.held for slot in found)}" + "".join(
        f"; slot {slot.number} of group {slot.group} waits to be taken over" for slot in found if not slot.held
    )


def _whole_seconds(time: timedelta) -> timedelta:
    return timedelta(seconds=int(time.total_seconds()))


def _check_queue(settings: Settings) -> str:
    return check_queue(parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file))


def _check_clock(settings: Settings) -> str:
    if settings.database_url is None:
        return "the embedded database has this machine's clock"
    with connect(settings.database_url) as connection:
        before = system_clock()
        there = read_clock(connection)
        skew = abs(there - before - (system_clock() - before) / 2)
    if skew > MAX_SKEW:
        raise UnavailableError(
            f"the database's clock and this machine's are {skew.total_seconds():.0f} s apart: keep both by NTP"
        )
    return f"the database's clock and this machine's agree to {skew.total_seconds():.1f} s"


def _check_disk(settings: Settings) -> str:
    folder = next(path for path in (settings.state_dir, *settings.state_dir.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE:
        raise UnavailableError(
            f"{folder} has {free / 1e9:.1f} GB free: make room, or set AFTERCARE_STATE_DIR to a folder that has"
        )
    return f"{folder} has {free / 1e9:,.0f} GB free"


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
