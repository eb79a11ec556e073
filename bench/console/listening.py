"""Many who listen to the alarm feed: how long an alarm takes to reach all of them, and what that costs the server."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.console.answering import percentiles
from bench.console.stage import Stage
from bench.figures import Figure, figure
from domain.alarm import AlarmSource, Occurrence, Severity
from domain.clock import system_clock
from store import alarms, outbox
from store.database import Database

GOAL = 1.0
GIVES_UP = 20.0
HOUR_OF_EVENTS = 3600
FLAT = 1.1
"""As much more memory at the end as at a third of the events is still flat."""


@dataclass
class Listeners:
    """Open streams; `heard` counts the changes of each."""

    sockets: list[socket.socket] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    chosen: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def listen_until(self, count: int) -> bool:
        """Read until each has heard so many changes; False when some have not after 20 s."""
        deadline = time.perf_counter() + GIVES_UP
        while min(self.heard) < count and time.perf_counter() < deadline:
            for key, _ in self.chosen.select(0.1):
                piece = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                assert piece, "the server has ended a stream"
                self.heard[key.data] += piece.count(b"event: alarm\n")
        return min(self.heard) >= count


@contextmanager
def listening(stage: Stage, count: int) -> Iterator[Listeners]:
    """So many streams of the console's feed, all of them open."""
    listeners = Listeners(heard=[0] * count)
    request = (
        f"GET /api/v1/feed HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {stage.planner.token}\r\n\r\n"
    ).encode()
    with ExitStack() as stack:
        for _ in range(count):
            stream = stack.enter_context(socket.create_connection(("127.0.0.1", stage.served.port), timeout=GIVES_UP))
            stream.sendall(request)
            listeners.sockets.append(stream)
        for number, stream in enumerate(listeners.sockets):
            opening = b""
            while b"retry:" not in opening:
                piece = stream.recv(4096)
                assert piece, f"no stream: {opening[:200]!r}"
                opening += piece
            stream.setblocking(False)
            listeners.chosen.register(stream, selectors.EVENT_READ, number)
        yield listeners


def measure(stage: Stage, listeners: int, alone: int, events: int) -> list[Figure]:
    """`alone` alarms one at a time, then `events` changes as fast as they are heard."""
    with listening(stage, 1) as streams:
        one = [_until_heard(stage, streams, number + 1) for number in range(alone)]
    with listening(stage, listeners) as streams:
        processor, begin = stage.served.processor_seconds(), time.perf_counter()
        took = [_until_heard(stage, streams, number + 1) for number in range(alone)]
        sizes = _rush(stage, streams, alone, events)
        share = (stage.served.processor_seconds() - processor) / (time.perf_counter() - begin)
    p95, limit, early, late = percentiles(took).p95, percentiles(one).p95, sizes[len(sizes) // 3], sizes[-1]
    return [
        figure(
            f"feed: an alarm reaches {listeners} listeners, p95", p95, "ms", "one listener", limit, "< 1000 ms",
            met=p95 < GOAL * 1000,
        ),
        figure(
            f"feed: memory of serve after {events:,} changes", late / 1e6, "MB", "after a third", early / 1e6,
            "<= 1.1 x", met=late <= FLAT * early,
        ),
        figure(
            f"feed: processor of serve, {listeners} listeners in a rush", 100 * share, "%", "of one processor", 100,
            "-", met=True,
        ),
    ]  # fmt: skip


def _until_heard(stage: Stage, streams: Listeners, count: int) -> float:
    begin = time.perf_counter()
    _tell(stage.database, 1)
    assert streams.listen_until(count), f"an alarm has not reached all within {GIVES_UP:.0f} s"
    return (time.perf_counter() - begin) * 1000


def _rush(stage: Stage, streams: Listeners, heard: int, events: int, at_once: int = 50) -> list[int]:
    sizes = []
    for first in range(0, events, at_once):
        _tell(stage.database, at_once)
        assert streams.listen_until(heard + first + at_once), "not all changes have reached all"
        sizes.append(stage.served.resident_bytes())
    return sizes


def _tell(database: Database, changes: int) -> None:
    """Let an alarm occur and write so many changes of it to the feed, in one transaction."""
    now = system_clock()
    with database.transaction() as connection:
        model = connection.execute(b"SELECT device_model FROM device_models LIMIT 1").fetchone()
        assert model is not None
        happened = Occurrence("bench", Severity.MAJOR, AlarmSource.RULE, "Bench", device_model=model[0])
        [alarm] = alarms.occur(connection, [happened], now=now)
        payload = {"change": "raised", "severity": "MAJOR", "message": "Bench"}
        for _ in range(changes):
            outbox.append(connection, kind="alarm", subject_id=alarm.alarm_id, device_id=None, payload=payload, at=now)
