"""The measurements of `bench.ingest`, each on a fresh database and one broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
from psycopg import sql

from aftercare.embedded.ports import free_port
from aftercare.wiring import load_catalog
from bench import payloads
from bench.broker_load import Publisher
from bench.payloads import CHANNELS, DEVICES, MODEL
from domain.device import Device
from store import devices, reading_batches
from store.database import Database
from store.migrate import migrate
from store.reading_block import ReadingBlock

SESSION = {"AFTERCARE_INGEST_SESSION_EXPIRY": "1h"}
PROBES_FROM = datetime(2026, 6, 1, tzinfo=UTC)
COPY_ROWS = 10_000
ENDING = 0.98
"""Measured until so much of the queue is committed: the end is a batch that waits for company."""
PROBE_INTERVAL = 0.02


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from the publish to the commit."""

    p50: float
    p99: float


@dataclass(slots=True)
class IngestProcess:
    """`aftercare ingest` as users run it."""

    process: subprocess.Popen[bytes]
    metrics_port: int

    def committed(self) -> float:
        """Messages committed so far, from its metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            for line in answer:
                if line.startswith(b"aftercare_ingest_messages_committed_total"):
                    return float(line.split()[1])
        raise AssertionError("no such metric")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)


class Runs:
    """Messages a second, or rows a second, of each way to read and store."""

    def __init__(self, server_url: str, mqtt_port: int) -> None:
        self._server_url = server_url
        self._port = mqtt_port

    def bare_paho(self, messages: int) -> float:
        """A subscriber that acknowledges and counts, and does nothing else."""
        self._paho(0)
        self._publish(messages, rows=1)
        return messages / self._paho(messages)

    def ingest(self, messages: int, *, rows: int, processes: int) -> float:
        """Messages a second that are committed, by one process or by several that share the subscription."""
        group = f"bench{uuid.uuid4().hex[:8]}"
        with self._database() as url:
            with self._ingest(url, group, processes):
                pass  # the broker knows their sessions now
            self._publish(messages, rows=rows)
            with self._ingest(url, group, processes) as running:
                started, before = time.perf_counter(), [one.committed() for one in running]
                while True:
                    now = [one.committed() for one in running]
                    if max(now) >= ENDING * messages / processes:
                        return (sum(now) - sum(before)) / (time.perf_counter() - started)
                    time.sleep(0.05)

    def raw_copy(self, rows: int) -> float:
        """Rows a second of binary COPY in sorted batches of 10,000, one transaction each."""
        with self._database() as url, psycopg.connect(url, autocommit=True) as connection:
            batches = [self._block(number) for number in range(0, rows, COPY_ROWS)]
            streams = [reading_batches.copy_format(block) for block in batches]
            names = [*("device_id", "ts"), *CHANNELS, "extra"]
            statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
                sql.Identifier(MODEL.readings_table), sql.SQL(", ").join(map(sql.Identifier, names))
            )
            started = time.perf_counter()
            for stream in streams:
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    copy.write(stream)
            return len(streams) * COPY_ROWS / (time.perf_counter() - started)

    def latency(self, rate: float, seconds: float) -> Latency:
        """Probes among S1 messages that come at `rate` a second, each until a reader of the table sees it."""
        group = f"bench{uuid.uuid4().hex[:8]}"
        with self._database() as url, self._ingest(url, group, 1), psycopg.connect(url, autocommit=True) as reader:
            load = subprocess.Popen([sys.executable, "-m", "bench.steady_load", *map(str, (self._port, rate, seconds))])
            delays = self._probe(reader, time.perf_counter() + seconds)
            load.wait(60)
        return Latency(float(np.quantile(delays, 0.5)), float(np.quantile(delays, 0.99)))

    def _probe(self, reader: psycopg.Connection[tuple[datetime | None]], ends: float) -> list[float]:
        publisher = Publisher("127.0.0.1", self._port, b"probe")
        newest_probe = f"SELECT max(ts) FROM {MODEL.readings_table} WHERE device_id = 1".encode()
        sent: dict[datetime, float] = {}
        delays: list[float] = []
        due, ts = 0.0, PROBES_FROM
        while (now := time.perf_counter()) < ends or sent:
            assert now < ends + 30, "a probe was never committed"
            if due <= now < ends:
                due, ts = now + PROBE_INTERVAL, ts + timedelta(milliseconds=1)
                sent[ts] = now
                publisher.send([(payloads.telemetry_topic(0), payloads.payload(round(ts.timestamp() * 1000), 1))])
            ((newest,),) = reader.execute(newest_probe).fetchall()
            seen = time.perf_counter()
            arrived = [ts for ts in sent if newest is not None and ts <= newest]
            delays += [seen - sent.pop(ts) for ts in arrived]
        publisher.close()
        return delays

    @contextmanager
    def _database(self) -> Iterator[str]:
        name = f"bench_{uuid.uuid4().hex[:8]}"
        url = self._server_url.rsplit("/", 1)[0] + "/" + name
        with psycopg.connect(self._server_url, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}".encode())
            migrate(url, list(load_catalog().values()))
            with Database(url) as database, database.transaction() as connection:
                fleet = [Device(f"bench-{number}", MODEL.name, service_centre="main") for number in range(DEVICES)]
                devices.save(connection, fleet)
            yield url
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    @contextmanager
    def _ingest(self, url: str, group: str, processes: int) -> Iterator[list[IngestProcess]]:
        with ExitStack() as stack:
            running = [self._start(url, group, number) for number in range(processes)]
            for one in running:
                stack.callback(one.stop)
            for one in running:
                assert one.process.stderr is not None
                while b'"subscribed"' not in (line := one.process.stderr.readline()):
                    assert line, "ingest ended"
            yield running

    def _start(self, url: str, group: str, number: int) -> IngestProcess:
        port = free_port()
        environment = (
            os.environ
            | SESSION
            | {
                "AFTERCARE_DATABASE_URL": url,
                "AFTERCARE_MQTT_URL": f"mqtt://127.0.0.1:{self._port}",
                "AFTERCARE_INGEST_ID": f"{group}-{number}",
                "AFTERCARE_INGEST_GROUP": group,
                "AFTERCARE_METRICS_PORT": str(port),
            }
        )
        command = [sys.executable, "-m", "aftercare", "ingest"]
        return IngestProcess(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE), port)

    def _publish(self, messages: int, *, rows: int) -> None:
        publisher = Publisher("127.0.0.1", self._port, b"fill")
        publisher.publish(payloads.messages(messages, rows))
        publisher.close()

    def _block(self, first: int) -> ReadingBlock:
        numbers = np.arange(first, first + COPY_ROWS)
        turns = COPY_ROWS // DEVICES
        device_id = np.repeat(np.arange(1, DEVICES + 1), turns)
        ts = payloads.START * 1000 + (first // DEVICES + np.tile(np.arange(turns), DEVICES)) * 1_000_000
        return ReadingBlock(device_id, ts, numbers[:, None] % 100 + 20.25 + np.arange(len(CHANNELS)))

    def _paho(self, messages: int) -> float:
        """Seconds from the first to the last message; with none to wait for, the session is made and left."""
        code = ["-m", "bench.bare_paho", str(self._port), str(messages)]
        done = subprocess.run([sys.executable, *code], check=True, capture_output=True, text=True)
        return float(done.stdout)
