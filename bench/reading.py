"""How fast readings are read back, beside what the same answer costs without roll-ups and latest values.

A month of one device at 1 Hz, 10 channels, among neighbours that send every ten minutes; then a fleet. Everything is
written as ingest writes it and kept up as `aftercare upkeep` does.

Example: python -m bench.reading --json reading.json
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from aftercare.embedded import EmbeddedPostgres, find_binaries
from aftercare.settings import load_settings
from aftercare.wiring import load_catalog
from domain.device import Device
from domain.device_model import Channel, DeviceModel
from domain.errors import AftercareError
from ingest.upkeep.readings import roll_up_settled, take_written
from store import devices, reading_batches
from store.database import Connection, Database
from store.dirty_buckets import note_written
from store.latest import latest_of_fleet
from store.migrate import migrate
from store.reading_block import ReadingBlock
from store.readings import read_range

Figure = dict[str, object]
START = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 30 * 86_400
NEIGHBOURS, FLEET = 50, 10_000
ROWS_AT_ONCE = 50_000
REPEAT = 15
RAW_RANGE = (
    "SELECT time_bucket('50 min', ts, '2000-01-03'::timestamptz) AS bucket, {} FROM readings_bench WHERE device_id = 1 "
    "AND ts >= '2026-01-01' AND ts < '2026-01-31' GROUP BY bucket ORDER BY bucket"
)
RAW_LATEST = (
    "SELECT d.name, r.* FROM devices d CROSS JOIN LATERAL (SELECT * FROM readings_bench r "
    "WHERE r.device_id = d.device_id ORDER BY ts DESC LIMIT 1) r ORDER BY d.name"
)


@click.command()
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(json_file: Path | None) -> None:
    """Print the figures of reading back as a table."""
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            EmbeddedPostgres(
                find_binaries(load_settings().services_dir), Path(folder), name="bench", throwaway=True
            ) as server,
        ):
            url = server.url_of("postgres")
            device_model = bench_model()
            migrate(url, [device_model])
            with Database(url) as database:
                figures = measure(database, device_model)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    table = Table("figure", "value", "limit", "", "ratio", "goal", "met", title="Reading back, 10 channels")
    for figure in figures:
        value, limit, ratio = f"{figure['value']:.1f} {figure['unit']}", figure["limit_value"], figure["ratio"]
        met = "yes" if figure["met"] else "NO"
        table.add_row(
            str(figure["name"]),
            value,
            f"{limit:.1f}",
            str(figure["limit_name"]),
            f"{ratio:.4f}",
            str(figure["goal"]),
            met,
        )
    Console(width=160).print(table)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def bench_model() -> DeviceModel:
    """Ten channels once a second."""
    channels = [Channel(f"c{number}", f"Channel {number}", "") for number in range(10)]
    return replace(load_catalog()["heat_pump"], name="bench", reading_interval=timedelta(seconds=1), channels=channels)


def measure(database: Database, device_model: DeviceModel) -> list[Figure]:
    """Write, keep up, then time each question and its slow form."""
    with database.transaction() as connection:
        fleet = [Device(f"d{number:05}", device_model.name, service_centre="main") for number in range(FLEET)]
        devices.save(connection, fleet)
    random = np.random.default_rng(1)
    write(database, device_model, random, [1], np.arange(SECONDS))
    write(database, device_model, random, range(2, NEIGHBOURS + 2), np.arange(0, SECONDS, 600))
    write(database, device_model, random, range(1, FLEET + 1), np.arange(SECONDS, SECONDS + 60, 20))
    while take_written(database, device_model).more:
        pass
    while roll_up_settled(database, device_model, settled=timedelta()).done:
        pass
    with database.transaction() as connection:
        connection.execute("ANALYZE")  # as autovacuum does within a minute
    writing, noting = cost_of_noting(database, device_model, random)
    month = {"device_id": 1, "since": START, "until": START + timedelta(days=30), "points": 1000}
    summaries = ", ".join(f"min(c{n}), avg(c{n}), max(c{n})" for n in range(10)).encode()
    raw_range = RAW_RANGE.encode().replace(b"{}", summaries)
    return [
        figure(
            "30 days at 1 Hz of one device, 1,000 points",
            typical(database, lambda connection: read_range(connection, device_model, **month)),
            "ms",
            "out of the readings",
            typical(database, lambda connection: connection.execute(raw_range).fetchall(), repeat=3),
            100,
        ),
        figure(
            f"latest values of {FLEET:,} devices",
            typical(database, lambda connection: latest_of_fleet(connection, device_model)),
            "ms",
            "newest reading of each",
            typical(database, lambda connection: connection.execute(RAW_LATEST.encode()).fetchall(), repeat=3),
            50,
        ),
        figure("noting 5,000 rows of 5,000 devices", noting, "ms", "writing them", writing, 0.1 * writing),
    ]


def write(
    database: Database,
    device_model: DeviceModel,
    random: np.random.Generator,
    device_ids: range | list[int],
    seconds: np.ndarray,
) -> None:
    """Readings of these devices at these seconds after the start, in the order of the table."""
    device_id = np.repeat(np.array(device_ids, dtype=np.int64), len(seconds))
    ts = np.tile(seconds, len(device_ids)) * 1_000_000 + int(START.timestamp()) * 1_000_000
    for at in range(0, len(ts), ROWS_AT_ONCE):
        piece = slice(at, at + ROWS_AT_ONCE)
        values = random.normal(20, 5, size=(len(ts[piece]), 10)).round(2)
        with database.transaction() as connection:
            reading_batches.write(connection, device_model, ReadingBlock(device_id[piece], ts[piece], values))


def cost_of_noting(database: Database, device_model: DeviceModel, random: np.random.Generator) -> tuple[float, float]:
    """Milliseconds to write 5,000 rows of as many devices, and of those what it takes to note them; medians."""
    writing, noting = [], []
    device_id = np.arange(1, 5001, dtype=np.int64)
    for number in range(REPEAT):
        ts = np.full(5000, int(START.timestamp() + SECONDS + 600 + number) * 1_000_000)
        block = ReadingBlock(device_id, ts, random.normal(20, 5, size=(5000, 10)).round(2))
        started = time.perf_counter()
        with database.transaction() as connection:
            reading_batches.write(connection, device_model, block)
        writing.append(time.perf_counter() - started)
        with database.transaction() as connection:
            started = time.perf_counter()
            note_written(connection, device_model, device_id, ts)
            noting.append(time.perf_counter() - started)
            connection.rollback()
    return median(writing) * 1000, median(noting) * 1000


def typical(database: Database, question: Callable[[Connection], object], *, repeat: int = REPEAT) -> float:
    """Median milliseconds to ask; the first time, when everything is cold, is left out."""
    seconds = []
    for _ in range(repeat + 1):
        with database.transaction() as connection:
            started = time.perf_counter()
            question(connection)
            seconds.append(time.perf_counter() - started)
    return median(seconds[1:]) * 1000


def figure(name: str, value: float, unit: str, limit_name: str, limit: float, goal: float) -> Figure:
    """One row of the table; met when the value is under the goal."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "limit_name": limit_name,
        "limit_value": limit,
        "ratio": value / limit,
        "goal": f"under {goal:.3g} {unit}",
        "met": value < goal,
    }


if __name__ == "__main__":
    main()
