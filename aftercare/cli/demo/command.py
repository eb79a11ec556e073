"""`aftercare demo`."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from access.accounts import FIRST_ADMIN
from aftercare.cli.demo.display import Display
from aftercare.cli.demo.fleets import HOUR, DemoFleet, fd001_fleet, simulated_fleet
from aftercare.cli.demo.live import Live
from aftercare.cli.demo.loop import Results, bring_history, count_results, fill_shelves, train_models
from aftercare.cli.demo.policies import policy_table, replay_history
from aftercare.cli.demo.stage import own_services, platform_processes
from aftercare.cli.demo.table import closing_table
from aftercare.logs import configure_logging
from aftercare.one_machine import Platform, run_platform
from aftercare.settings import load_settings
from aftercare.wiring import Catalog, load_catalog
from domain.clock import ScaledClock
from domain.errors import ConfigurationError
from store.database import Database

HEAD_START, OF_SERVICES = 15.0, 2.0
"""Seconds from the moment when the clock's numbers are fixed until devices begin, at least, and as a multiple of what
the services took to start: the processes start meanwhile, and a busy machine needs longer for both."""
LIVE, OF_TRAINING, LONGEST_LIVE = 75.0, 1.5, 300.0
"""Seconds of the live replay: at least, as a multiple of what training took, and at most. On a slow or busy machine
the fleet's month must not run away from those who score it."""


@click.command(epilog="Example: aftercare demo --json figures.json")
@click.option("--data", type=click.Path(path_type=Path), help="Folder with the C-MAPSS files; none: a simulated fleet.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@click.option(
    "--seconds",
    type=click.FloatRange(10),
    help=f"How long the live replay takes; {LIVE:.0f} to {LONGEST_LIVE:.0f} by how quick the machine is.",
)
@click.option("--seed", default=7, type=click.IntRange(0), help="Seed of the simulated fleet.")
@click.option("--kill-ingest", default=0, type=click.IntRange(0), help="SIGKILL ingest so many times meanwhile.")
@click.option("--keep", is_flag=True, help="Leave everything running afterwards, until Ctrl-C.")
def demo(
    data: Path | None, json_file: Path | None, seconds: float | None, seed: int, kill_ingest: int, keep: bool
) -> None:
    """Run the whole loop on a fleet and count what came of it.

    History is imported and models are trained on it; then live devices publish over MQTT on a sped-up clock, and the
    platform has to see each failure coming, open a ticket and reserve the part before it happens. Every device runs on
    to its failure, so that each ticket can be checked. The demo has a database and a broker of its own.
    """
    began = time.monotonic()
    if json_file is not None:
        _require_writable(json_file)
    settings = own_services(load_settings())
    configure_logging("warning")
    catalog = load_catalog()
    now = datetime.now(UTC)
    fleet = simulated_fleet(now, seed=seed) if data is None else fd001_fleet(data, catalog["turbofan_fd001"], now)
    display = Display(Console())
    with _signals_end_the_block(), ExitStack() as stack:
        with display.step("starting database, broker and scheduler"):
            started = time.monotonic()
            platform = stack.enter_context(run_platform(settings, name="demo", throwaway=True, commands={}))
            head_start = max(HEAD_START, OF_SERVICES * (time.monotonic() - started))
        database = stack.enter_context(Database(platform.database_url, application="aftercare demo"))
        display.say(f"on {platform.tier}{f'; {platform.shortcoming}' if platform.shortcoming else ''}")
        pace = _learn(display, platform, database, catalog, fleet)
        live_seconds = seconds or min(max(LIVE, OF_TRAINING * pace), LONGEST_LIVE)
        speed = (fleet.end - fleet.start).total_seconds() / live_seconds
        clock = ScaledClock(fleet.start, time.time() + head_start, speed, until=fleet.end)
        with display.step("starting ingest, API, delivery and flows"):
            processes = stack.enter_context(platform_processes(platform, clock))
        display.say(_address(platform))
        live = Live(platform, processes, database, catalog, fleet, clock)
        sent = live.run(display, kills=kill_ingest)
        results = count_results(database, catalog, fleet, sent)
        display.show(closing_table(fleet.title, fleet.live_devices, results.counts, results.figures))
        with display.step("replaying the history under other policies"):
            policies = replay_history(database, [catalog[history.device_model] for history in fleet.history])
        display.show(policy_table(policies))
        if json_file is not None:
            document = _document(fleet, platform, results, round(time.monotonic() - began, 1))
            document["policies"] = [asdict(row) for row in policies]
            json_file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        if keep:
            display.say(f"{_address(platform)}   Ctrl-C stops everything")
            signal.pause()


def _address(platform: Platform) -> str:
    return f"console: {platform.http_url} as {FIRST_ADMIN} with the password {platform.admin_password}"


def _require_writable(json_file: Path) -> None:
    """Told now, and not when the demo is over."""
    try:
        json_file.open("a").close()
    except OSError as error:
        raise ConfigurationError(f"--json {json_file}: {error.strerror}; name a file that can be written") from error


def _learn(display: Display, platform: Platform, database: Database, catalog: Catalog, fleet: DemoFleet) -> float:
    """Seconds that training took."""
    with display.step("importing history and filling the shelves"):
        readings = bring_history(database, catalog, fleet)
        fill_shelves(database, catalog, fleet, fleet.start)
    display.say(f"{readings:,} readings of {sum(len(part.devices) for part in fleet.history):,} devices")
    began = time.monotonic()
    with display.step("training"):
        rows = train_models(platform, fleet)
    trained = time.monotonic() - began
    for row in rows:
        display.say(f"  {row['device_model']} {row['failure_mode']}: {_lesson(row)}")
    return trained


def _lesson(row: Mapping[str, Any]) -> str:
    if row["problem"]:
        return str(row["problem"])
    precision, recall = row["alarm_precision"], row["alarm_recall_in_time"]
    return (
        f"{row['failures']} failures seen; on held-out devices {recall or 0:.0%} caught in time, "
        f"{precision or 0:.0%} of the alarms right"
    )


def _document(fleet: DemoFleet, platform: Platform, results: Results, seconds: float) -> dict[str, Any]:
    counts, figures = results.counts, results.figures
    return {
        "fleet": fleet.title,
        "devices": fleet.live_devices,
        "readings_sent": counts.sent,
        "readings_stored": counts.stored,
        "readings_lost": counts.lost,
        "readings_doubled": counts.doubled,
        **asdict(figures),
        "database_tier": str(platform.tier),
        "seconds": seconds,
        "outcomes": [
            {
                "device": row.device,
                "failure_mode": row.failure_mode,
                "failed_at": row.failed_at.isoformat(),
                "ticket_hours_before": _hours(row.failed_at, row.opened_at),
                "parts_hours_before": _hours(row.failed_at, row.reserved_at),
            }
            for row in results.failures
        ],
        "tickets": [
            {
                "ticket_id": ticket.ticket_id,
                "device": ticket.device,
                "failure_mode": ticket.failure_mode,
                "state": ticket.state,
                "opened_at": ticket.opened_at.isoformat(),
                "hours_to_failure": None if ticket.failed_at is None else _hours(ticket.failed_at, ticket.opened_at),
            }
            for ticket in results.tickets
        ],
        "remote_fixes": [
            {"device": fix.device, "failure_mode": fix.failure_mode, "fixed_at": fix.fixed_at.isoformat()}
            for fix in results.fixes
        ],
    }


def _hours(later: datetime, earlier: datetime | None) -> float | None:
    return None if earlier is None else round((later - earlier) / HOUR, 2)


@contextmanager
def _signals_end_the_block() -> Iterator[None]:
    """Ctrl-C and SIGTERM leave the block, everything is stopped on the way out, and the demo is told as aborted."""

    def leave(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise click.Abort

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
