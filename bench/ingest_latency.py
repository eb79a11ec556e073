"""How long a message takes from its publish to its commit, among others that come at a steady rate."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from bench import payloads
from bench.broker_load import Publisher
from bench.ingest_process import fresh_database, new_group, running_ingest
from bench.payloads import MODEL

PROBES_FROM = datetime(2026, 6, 1, tzinfo=UTC)
PROBE_INTERVAL = 0.02
LOOK_INTERVAL = 0.002
"""Between two looks at the table: a reader that never rests would take a processor from what it measures."""
WARM_UP = 2.0
"""Seconds at the beginning of a rate that do not count, at most: tables get their first chunks then."""
PATIENCE = 30.0
NEWEST = f"SELECT max(ts) FROM {MODEL.readings_table} WHERE device_id = 1".encode()


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from the publish to the commit, at so many messages a second as were sent."""

    rate: float
    p50: float
    p99: float


def latency_curve(server_url: str, mqtt_port: int, rates: Sequence[float], seconds: float) -> list[Latency]:
    """Probes among S1 messages that come at each of these rates in turn, until a reader of the table sees them."""
    curve = []
    first = 0
    warm_up = min(WARM_UP, seconds)
    with (
        fresh_database(server_url) as url,
        running_ingest(url, mqtt_port, new_group(), 1),
        psycopg.connect(url, autocommit=True) as reader,
    ):
        probes = Probes(reader, Publisher("127.0.0.1", mqtt_port, b"probe"))
        for rate in rates:
            command = [sys.executable, "-m", "bench.steady_load", str(mqtt_port)]
            command += ["--rate", str(rate), "--seconds", str(warm_up + seconds), "--first", str(first)]
            first += int(rate * (warm_up + seconds))
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
                time.sleep(warm_up)
                delays = probes.run(seconds)
                told, _ = load.communicate(timeout=60)
            curve.append(Latency(float(told), *map(float, np.quantile(delays, (0.5, 0.99)))))
    return curve


class Probes:
    """Messages of which it is looked up when they can be read."""

    def __init__(self, reader: psycopg.Connection[tuple[datetime | None]], publisher: Publisher) -> None:
        self._reader = reader
        self._publisher = publisher
        self._ts = PROBES_FROM

    def run(self, seconds: float) -> list[float]:
        """Send them for so long; what each took, in seconds."""
        sent: dict[datetime, float] = {}
        delays: list[float] = []
        ends, due = time.perf_counter() + seconds, 0.0
        while (now := time.perf_counter()) < ends or sent:
            assert now < ends + PATIENCE, "a probe was never committed"
            if due <= now < ends:
                due = now + PROBE_INTERVAL
                self._ts += timedelta(milliseconds=1)
                sent[self._ts] = now
                message = payloads.payload(round(self._ts.timestamp() * 1000), 1)
                self._publisher.send([(payloads.telemetry_topic(0), message)])
            ((newest,),) = self._reader.execute(NEWEST).fetchall()
            seen = time.perf_counter()
            arrived = [ts for ts in sent if newest is not None and ts <= newest]
            delays += [seen - sent.pop(ts) for ts in arrived]
            time.sleep(LOOK_INTERVAL)
        return delays
