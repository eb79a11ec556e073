"""Whether the memory of ingest stays where it is: over minutes of steady load, and while the database is away.

Messages come at a steady rate all the time. After the steady phase PostgreSQL is stopped; ingest then takes in what its
inbox holds and leaves the rest at the broker. It is started again, and ingest has to catch up. Every second the
resident memory is looked at. A phase is flat when the straight line through it (least squares, without its beginning:
first batches, or the inbox that fills up) rises by less than a twentieth of its start from one end to the other, and
by less than `HEADROOM` in a short run.

Example: python -m bench.memory --seconds 600 --outage 120 --json memory.json
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click
import numpy as np
import psycopg

from aftercare.embedded import EmbeddedBroker, EmbeddedPostgres, find_binaries
from aftercare.settings import load_settings
from bench.figures import Figure, figure, show
from bench.ingest_process import IngestProcess, fresh_database, new_group, running_ingest
from bench.payloads import MODEL
from domain.errors import AftercareError

MIB = 1 << 20
GROWTH = 0.05
HEADROOM = 4.0
"""MiB that a phase may always rise: a run of some seconds ends where one more batch was in hand than at its start."""
PATIENCE = 600.0
SECONDS = click.FloatRange(4)
# What a throwaway server does without; this one has to come back with what it had.
SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@click.command()
@click.option("--seconds", default=600.0, show_default=True, type=SECONDS, help="Length of the steady phase.")
@click.option("--outage", default=120.0, show_default=True, type=SECONDS, help="How long the database is away.")
@click.option(
    "--rate", default=5000.0, show_default=True, type=click.FloatRange(1), help="Messages a second, of one row each."
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(seconds: float, outage: float, rate: float, json_file: Path | None) -> None:
    """Print what ingest holds in memory as a table."""
    try:
        figures = measure(seconds, outage, rate)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    show(f"Memory of ingest, {rate:,.0f} messages/s", figures, json_file)


@dataclass(slots=True)
class Phase:
    """Resident memory, one sample a second. settling: seconds at the beginning that do not count."""

    name: str
    settling: float
    at: list[float] = field(default_factory=list)
    mib: list[float] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        """Where it began, where it ended, and how it went from one to the other."""
        at, mib = self._settled()
        slope = float(np.polyfit(at, mib, 1)[0])
        edge = max(1, len(mib) // 10)
        start, end = median(mib[:edge]), median(mib[-edge:])
        rise, allowed = slope * (at[-1] - at[0]), max(GROWTH * start, HEADROOM)
        flat = "flat" if rise < allowed else "not flat"
        return [
            figure(f"{self.name}: end", end, "MiB", "MiB at its start", start, "reported", met=True),
            figure(f"{self.name}: peak", max(mib), "MiB", "MiB at its start", start, "reported", met=True),
            figure(f"{self.name}: slope", slope * 60, "MiB/min", "MiB", start, "reported", met=True),
            figure(f"{self.name}: rise, {flat}", rise, "MiB", "MiB allowed", allowed, "flat", met=rise < allowed),
        ]

    def _settled(self) -> tuple[Sequence[float], Sequence[float]]:
        first = next(row for row, at in enumerate(self.at) if at - self.at[0] >= self.settling)
        return self.at[first:], self.mib[first:]


def measure(seconds: float, outage: float, rate: float) -> list[Figure]:
    """Steady load, an outage in the middle of it, and what is left when everything has been stored."""
    binaries = find_binaries(load_settings().services_dir)
    with (
        tempfile.TemporaryDirectory() as folder,
        ExitStack() as stack,
        EmbeddedPostgres(binaries, Path(folder), name="bench", settings=SETTINGS) as server,
        EmbeddedBroker(binaries, Path(folder), name="bench", throwaway=True, autosave_seconds=3600) as broker,
        fresh_database(server.url_of("postgres")) as url,
        running_ingest(url, broker.port, new_group(), 1) as [ingest],
    ):
        stack.callback(binaries.remove, binaries.home(Path(folder), "bench/postgres"))
        count = int(rate * (seconds + outage))
        command = [sys.executable, "-m", "bench.steady_load", str(broker.port)]
        command += ["--rate", str(rate), "--seconds", str(seconds + outage)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as load:
            steady = Phase("steady", min(60.0, seconds / 5))
            _watch(ingest, steady, seconds)
            server.stop()
            away = Phase("database away", min(20.0, outage / 3))
            _watch(ingest, away, outage)
            server.start()
            recovery = Phase("catching up", 0.0)
            _watch(ingest, recovery, PATIENCE, until=lambda: load.poll() is not None and ingest.committed() >= count)
            assert load.returncode == 0, "the publisher failed"
        with psycopg.connect(url) as connection:
            ((stored,),) = connection.execute(f"SELECT count(*) FROM {MODEL.readings_table}".encode()).fetchall()
    lost = count - stored
    start, peak = median(steady.mib[:5]), max(steady.mib + away.mib + recovery.mib)
    return [
        *steady.figures(),
        *away.figures(),
        figure("catching up: end", recovery.mib[-1], "MiB", "MiB when the load began", start, "reported", met=True),
        figure("catching up: took", recovery.at[-1] - recovery.at[0], "s", "s away", outage, "reported", met=True),
        figure("peak of all", peak, "MiB", "MiB when the load began", start, "reported", met=True),
        figure("lost", lost, "messages", "messages sent", count, "0", met=lost == 0),
    ]


def _watch(ingest: IngestProcess, phase: Phase, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Look at the memory every second, for so long or until something is so."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds and not until():
        phase.at.append(passed)
        phase.mib.append(ingest.resident_bytes() / MIB)
        time.sleep(max(0.0, min(1.0, seconds - passed)))


if __name__ == "__main__":
    main()
