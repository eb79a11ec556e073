"""How long scoring takes as it runs in production, database and service desk included, and what it holds in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from aftercare.embedded import EmbeddedPostgres, find_binaries
from aftercare.settings import load_settings
from bench.figures import Figure, figure
from bench.models.data import PublicData
from bench.models.made_up_fleet import CHANNELS, MODES, copy_with_fleet, trained_database

FEW, MANY = 2_000, 10_000
SHORT = 20, 60
SECONDS = 30.0
GROWTH = 16.0
"""MiB that scoring the many may hold more than scoring the few: their names, and what the allocator keeps."""


def measure(data: PublicData) -> list[Figure]:
    """Of the public data none is used. Every figure of a fleet is of one process, which reads or scores it once."""
    size_of_few, size_of_many = SHORT if data.short else (FEW, MANY)
    binaries = find_binaries(load_settings().services_dir)
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(binaries, Path(folder), name="bench", throwaway=True) as server,
        trained_database(server.url_of("postgres")) as trained,
    ):
        with copy_with_fleet(server.url_of("postgres"), trained, size_of_few) as url:
            few = _run(url, "score")
        with copy_with_fleet(server.url_of("postgres"), trained, size_of_many) as url:
            read, many = _run(url, "read"), _run(url, "score")
    assert (few["devices"], many["devices"]) == (size_of_few, size_of_many), (few, many)
    assert many["predictions"] == many["acted_on"] == size_of_many * MODES, many
    name = f"scoring {size_of_many:,} devices, {CHANNELS} channels, {MODES} failure modes"
    seconds, growth = many["seconds"], many["peak"] - few["peak"]
    return [
        figure(name, seconds, "s", "reading the frames alone", read["seconds"], f"at most {SECONDS:g}",
               met=seconds <= SECONDS),
        figure(f"{name}: our processor time", many["processor"], "s", "of reading alone", read["processor"], "-",
               met=True),
        figure("scoring: processes that wanted a processor meanwhile", os.getloadavg()[0], "",
               "processors", float(os.cpu_count() or 1), "-", met=True),
        figure(f"scoring: peak memory of {size_of_many:,} devices", many["peak"], "MiB", f"of {size_of_few:,}",
               few["peak"],
               f"at most {GROWTH:g} MiB more", met=growth <= GROWTH),
    ]  # fmt: skip


def _run(url: str, what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.models.scoring_process", url, what]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return told
