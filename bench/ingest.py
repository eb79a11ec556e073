"""How fast ingest stores what devices publish, beside what this machine allows in the same run.

S1: one message, one timestamp, 10 channels. S2: one message, 100 timestamps of 10 channels. The broker's queue is
filled before the clock starts, so that the publisher does not compete, and not saved meanwhile: saving a long queue
again and again would be what is measured. Limits: a paho subscriber that only counts, and a binary COPY of the same
rows in the same batches, already in PostgreSQL's form, into the same table.

A figure and its limit are measured one after the other, several times; the ratio is the median of their ratios, so
that other work on the machine falls on both. It does not do so evenly: COPY needs one processor, the way from the
broker to the table needs two and a little.

Example: python -m bench.ingest --messages 200000 --json ingest.json
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import click

from aftercare.embedded import EmbeddedBroker, EmbeddedPostgres, find_binaries
from aftercare.settings import load_settings
from bench.figures import Figure, figure, show
from bench.ingest_latency import Latency, latency_curve
from bench.ingest_runs import Pace, Runs
from bench.payloads import CHANNELS, ROWS
from domain.errors import AftercareError

PATIENCE_MS = 500.0
MESSAGES = 200_000
"""S1 messages of one measurement; S2 takes a twentieth, of a hundred rows each."""
LOADS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Shares of the S1 maximum at which latency is measured; at the half of it there is a goal."""
SECONDS = click.FloatRange(0.1)
PAHO = "bare paho subscriber, messages/s"
COPY = "raw COPY of the same rows, values/s"


@click.command()
@click.option(
    "--messages",
    default=MESSAGES,
    show_default=True,
    type=click.IntRange(2000),
    help="S1 messages of each measurement.",
)
@click.option(
    "--repeat",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Times that each is measured; the median counts.",
)
@click.option(
    "--seconds", default=15.0, show_default=True, type=SECONDS, help="How long latency is measured at each rate."
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(messages: int, repeat: int, seconds: float, json_file: Path | None) -> None:
    """Print the figures of ingest as a table."""
    try:
        with services() as runs:
            figures = measure(runs, messages, repeat, seconds)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    show("Ingest, 10 channels", figures, json_file)


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
    """Each limit and its figure in turn."""
    bare: list[float] = []
    one: list[Pace] = []
    two: list[Pace] = []
    raw: list[float] = []
    batched: list[Pace] = []
    for _ in range(repeat):
        bare.append(runs.bare_paho(messages))
        one.append(runs.ingest(messages, rows=1, processes=1))
        two.append(runs.ingest(messages * 2, rows=1, processes=2))
        before = runs.raw_copy(messages // 20)
        batched.append(runs.ingest(messages // 20, rows=ROWS, processes=1))
        raw.append((before + runs.raw_copy(messages // 20)) / 2)
    fastest = median(pace.messages for pace in one)
    curve = latency_curve(runs.server_url, runs.mqtt_port, [fastest * load for load in LOADS], seconds)
    sent = sum(pace.sent for pace in [*one, *two, *batched])
    missing = sum(pace.missing for pace in [*one, *two, *batched])
    return [
        _at_least("S1, one process", one, 1, PAHO, bare, 1.5),
        _at_least("S1, two processes", two, 1, PAHO, bare, 2.4),
        _at_least("S2, one process", batched, ROWS * len(CHANNELS), COPY, raw, 0.6),
        _processor("S1, processor time of ingest", one, median(bare)),
        _processor("S2, processor time of ingest", batched, median(raw) / ROWS),
        figure("lost", missing, "messages", "messages sent", sent, "0", met=missing == 0),
        *(entry for load, latency in zip(LOADS, curve, strict=True) for entry in _latency(load, latency)),
    ]


def _at_least(
    name: str, paces: Sequence[Pace], values: int, limit_name: str, limits: Sequence[float], goal: float
) -> Figure:
    """`limits` of COPY are rows a second, those of messages messages a second; `values` are those of a message."""
    channels = len(CHANNELS) if values > 1 else 1
    measured = [pace.messages * values for pace in paces]
    allowed = [limit * channels for limit in limits]
    ratio = median(value / limit for value, limit in zip(measured, allowed, strict=True))
    unit = "values/s" if values > 1 else "messages/s"
    wish = f"at least {goal} of it"
    return figure(name, median(measured), unit, limit_name, median(allowed), wish, met=ratio >= goal, ratio=ratio)


def _processor(name: str, paces: Sequence[Pace], limit: float) -> Figure:
    """What other work on the machine changes least. limit: in messages a second."""
    used = median(pace.processor for pace in paces) * 1e6
    return figure(name, used, "us/message", "time of the limit above, us/message", 1e6 / limit, "reported", met=True)


def _latency(load: float, latency: Latency) -> Iterator[Figure]:
    name = f"publish to committed at {load:.0%} of S1"
    for quantile, seconds in (("p50", latency.p50), ("p99", latency.p99)):
        wanted = quantile == "p99" and load == 0.5
        yield figure(
            f"{name}, {quantile}",
            seconds * 1000,
            "ms",
            f"ms, at {latency.rate:,.0f} messages/s",
            PATIENCE_MS,
            "under 500 ms" if wanted else "reported",
            met=seconds * 1000 < PATIENCE_MS or not wanted,
        )


if __name__ == "__main__":
    main()
