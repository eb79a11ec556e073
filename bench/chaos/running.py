"""Runs one fault under load and counts from both ends."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg

from bench.chaos.faults import Fault, Pace
from bench.chaos.messages import MODEL
from bench.chaos.stage import Stage
from bench.chaos.table_count import Count, count
from domain.errors import UnavailableError

LEAD_SECONDS = 2.0
"""Load before the first stroke."""
TAIL_SECONDS = 2.0
"""Load after the last one."""
STALL_SECONDS = 120
"""Given up when nothing new has come for so long: longer than it takes to take over a lost replica's share."""
PUBLISH_SECONDS = 180
"""For the broker to acknowledge what is left when the load ends."""
PAUSE_STEP = 0.05
NEWEST = f"SELECT max(ts) FROM {MODEL.readings_table} WHERE device_id = 1".encode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the numbers that were sent during a fault.

    published: messages, more than numbers because of repeated and divided ones; the broker has acknowledged all of
    them. conflicts: since the replicas of the end started. seconds: how long the load ran. caught_up: seconds from the
    end of the load until everything was in the table. pause: the longest time in seconds without a new row of
    the device that is watched.
    """

    fault: str
    times: int
    first: int
    end: int
    published: int
    acknowledged: int
    count: Count
    rejected: int
    conflicts: int
    seconds: float
    caught_up: float
    pause: float

    @property
    def sent(self) -> int:
        return self.end - self.first

    @property
    def lost(self) -> int:
        return self.sent - self.count.stored

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.count.doubled or self.count.wrong or self.rejected or self.conflicts)


def run_fault(stage: Stage, name: str, fault: Fault, pace: Pace, *, rate: float, first: int) -> Outcome:
    """Load from `first` on, the strokes, and everything settled. Raises UnavailableError when a service stays away."""
    rejected, started = _rejected(stage.server.url), time.monotonic()
    with Pauses(stage.server.url) as pauses, _load(stage, rate, first) as load:
        time.sleep(LEAD_SECONDS)
        for number in range(pace.times):
            fault.strike(stage, number, pace.down)
            time.sleep(pace.gap if number < pace.times - 1 else min(pace.gap, TAIL_SECONDS))
        ended = time.monotonic()
        told = _end(load)
        counted, settled = _settle(stage.server.url, first, told["end"])
    return Outcome(
        fault=name,
        times=pace.times,
        first=first,
        end=told["end"],
        published=told["published"],
        acknowledged=told["acknowledged"],
        count=counted,
        rejected=_rejected(stage.server.url) - rejected,
        conflicts=sum(replica.metric("conflicts_total") for replica in stage.replicas),
        seconds=ended - started,
        caught_up=max(0.0, settled - ended),
        pause=pauses.longest,
    )


class Pauses:
    """Looks for new rows of one device, twenty times a second."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.longest = 0.0

    def __enter__(self) -> Pauses:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        newest: tuple[object, ...] | None = None
        since = time.monotonic()
        while not self._done.is_set():
            with suppress(psycopg.OperationalError), psycopg.connect(self._url, autocommit=True) as connection:
                while not self._done.wait(PAUSE_STEP):
                    row = connection.execute(NEWEST).fetchone()
                    if row != newest:
                        newest, since = row, time.monotonic()
                    self.longest = max(self.longest, time.monotonic() - since)
            self._done.wait(PAUSE_STEP)


@contextmanager
def _load(stage: Stage, rate: float, first: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.chaos.load", str(stage.broker.port), str(rate), str(first), "MIX"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _end(load: subprocess.Popen[str]) -> dict[str, int]:
    try:
        said, _ = load.communicate(timeout=PUBLISH_SECONDS)
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"the broker did not acknowledge everything in {PUBLISH_SECONDS} s") from None
    told: dict[str, int] = json.loads(said)
    return told


def _settle(url: str, first: int, end: int) -> tuple[Count, float]:
    """The count when everything is there, or when nothing has come for long, and when that was."""
    progress, best = time.monotonic(), Count(-1, 0, 0)
    while True:
        started = time.monotonic()
        with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
            now = count(connection, first, end)
            if now.stored != best.stored:
                progress, best = time.monotonic(), now
            if now.stored == end - first or time.monotonic() - progress > STALL_SECONDS:
                return now, progress
        if time.monotonic() - progress > 2 * STALL_SECONDS:
            raise UnavailableError("the database does not answer any more")
        time.sleep(max(0.25, time.monotonic() - started))


def _rejected(url: str) -> int:
    with psycopg.connect(url) as connection:
        [(rejected,)] = connection.execute("SELECT count(*) FROM rejected_messages").fetchall()
    return int(rejected)
