"""Fills a migrated database with a fleet to look at: devices, predictions, alarms, tickets and what belongs to them.

Example: python -m bench.console.seed --database-url postgresql://postgres@127.0.0.1:5433/seeded
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import psycopg

from aftercare.wiring import Catalog, load_catalog
from store.migrate import migrate

PIECES = re.split(r"^-- ([a-z_]+) --$", (Path(__file__).parent / "fleet.sql").read_text(), flags=re.MULTILINE)
STEPS = dict(zip(PIECES[1::2], PIECES[2::2], strict=True))
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to look at."""

    devices: int = 100_000
    alarms: int = 1_000_000
    tickets: int = 50_000
    per_device: int = 3


def seed(url: str, catalog: Catalog, size: Size, now: datetime = NOW) -> dict[str, float]:
    """Fill an empty migrated database; the seconds of each step."""
    modes = json.dumps({model.name: model.failure_modes[0].name for model in catalog.values()})
    values = {**asdict(size), "now": now, "modes": modes}
    took = {}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        for name, statements in STEPS.items():
            begin = time.perf_counter()
            for statement in statements.split(";\n"):
                psycopg.ClientCursor(connection).execute(statement.encode(), values)
            took[name] = time.perf_counter() - begin
    return took


@click.command()
@click.option("--database-url", required=True, help="An empty database; it is migrated first.")
@click.option("--devices", default=100_000, show_default=True)
@click.option("--alarms", default=1_000_000, show_default=True)
@click.option("--tickets", default=50_000, show_default=True)
def main(database_url: str, devices: int, alarms: int, tickets: int) -> None:
    """Fill a database with a made-up fleet."""
    catalog = load_catalog()
    migrate(database_url, list(catalog.values()))
    for name, seconds in seed(database_url, catalog, Size(devices, alarms, tickets)).items():
        click.echo(f"{name:20} {seconds:6.1f} s")


if __name__ == "__main__":
    main()
