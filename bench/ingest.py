"""How fast ingest stores what devices publish, beside what this machine allows in the same run.

S1: one message, one timestamp, 10 channels. S2: one message, 100 timestamps of 10 channels. The broker's queue is
filled before the clock starts, so that the publisher does not compete, and not saved meanwhile: saving a long queue
again and again would be what is measured. Limits: a paho subscriber that only counts, and a binary COPY of the same
rows, already in PostgreSQL's form, into the same table.

Example: python -m bench.ingest --messages 200000 --json ingest.json
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.table import Table

from aftercare.embedded import EmbeddedBroker, EmbeddedPostgres, find_binaries
from aftercare.settings import load_settings
from bench.ingest_runs import Runs
from domain.errors import AftercareError

Figure = dict[str, object]
PATIENCE_MS = 500.0
HALF = "ms allowed, at half of the S1 maximum"
MESSAGES = 200_000
"""S1 messages of one measurement; S2 takes a twentieth, of a hundred rows each."""


@click.command()
@click.option("--messages", default=MESSAGES, show_default=True, help="S1 messages of each measurement.")
@click.option("--repeat", default=3, show_default=True, help="Times that each is measured; the median counts.")
@click.option("--seconds", default=20.0, show_default=True, help="How long latency is measured.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(messages: int, repeat: int, seconds: float, json_file: Path | None) -> None:
    """Print the figures of ingest as a table."""
    try:
        with services() as runs:
            figures = measure(runs, messages, repeat, seconds)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    table = Table("figure", "value", "limit", "", "ratio", "goal", "met", title="Ingest, 10 channels")
    for figure in figures:
        value, limit = (f"{figure[key]:,.0f}" for key in ("value", "limit_value"))
        table.add_row(
            str(figure["name"]),
            f"{value} {figure['unit']}",
            limit,
            str(figure["limit_name"]),
            f"{figure['ratio']:.2f}",
            str(figure["goal"]),
            "yes" if figure["met"] else "NO",
        )
    Console(width=140).print(table)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


@contextmanager
def services() -> Iterator[Runs]:
    """A database and a broker of their own, removed afterwards."""
    binaries = find_binaries(load_settings().services_dir)
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(binaries, Path(folder), name="bench", throwaway=True) as server,
        EmbeddedBroker(binaries, Path(folder), name="bench", throwaway=True, autosave_seconds=3600) as broker,
    ):
        yield Runs(server.url_of("postgres"), broker.port)


def measure(runs: Runs, messages: int, repeat: int, seconds: float) -> list[Figure]:
    """Each limit and its figure in turn, so that a neighbour's load falls on both."""
    bare: list[float] = []
    one: list[float] = []
    two: list[float] = []
    batched: list[float] = []
    raw: list[float] = []
    for _ in range(repeat):
        bare.append(runs.bare_paho(messages))
        one.append(runs.ingest(messages, rows=1, processes=1))
        two.append(runs.ingest(messages * 2, rows=1, processes=2))
        raw.append(runs.raw_copy(messages))
        batched.append(runs.ingest(messages // 20, rows=100, processes=1) * 100)
    latency = runs.latency(median(one) / 2, seconds)
    paho, copy = "bare paho subscriber, messages/s", "raw COPY of the same rows, values/s"
    return [
        _at_least("S1, one process", median(one), "messages/s", paho, median(bare), 1.5),
        _at_least("S1, two processes", median(two), "messages/s", paho, median(bare), 2.4),
        _at_least("S2, one process", median(batched) * 10, "values/s", copy, median(raw) * 10, 0.6),
        _figure("publish to committed, p50", latency.p50 * 1000, "ms", HALF, PATIENCE_MS, "reported", met=True),
        _figure(
            "publish to committed, p99",
            latency.p99 * 1000,
            "ms",
            HALF,
            PATIENCE_MS,
            "under 500 ms",
            met=latency.p99 * 1000 < PATIENCE_MS,
        ),
    ]


def _at_least(name: str, value: float, unit: str, limit_name: str, limit: float, goal: float) -> Figure:
    return _figure(name, value, unit, limit_name, limit, f"at least {goal} of it", met=value >= goal * limit)


def _figure(name: str, value: float, unit: str, limit_name: str, limit: float, goal: str, *, met: bool) -> Figure:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "limit_name": limit_name,
        "limit_value": limit,
        "ratio": value / limit,
        "goal": goal,
        "met": met,
    }


if __name__ == "__main__":
    main()
