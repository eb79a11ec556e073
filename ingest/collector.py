"""The reading-ahead thread: decodes the next batch while the database takes the one before."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.inbox import Inbox
from ingest.message import Incoming, Message
from ingest.message_reader import MessageReader

SLICE = 500
"""Messages decoded before it is asked again whether the batch is full."""
PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A batch is written when it has so many rows, or so many seconds after its first message came."""

    rows: int
    wait: float


class Collector:
    """Batches of decoded messages in the order in which they came, at most one of them ahead of who takes them."""

    def __init__(self, inbox: Inbox, reader: MessageReader, limits: BatchLimits) -> None:
        self._inbox = inbox
        self._reader = reader
        self._limits = limits
        self._ready: queue.Queue[list[Incoming] | Exception] = queue.Queue(maxsize=1)
        self._hurry = threading.Event()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to collect, in a thread of its own."""
        threading.Thread(target=self._run, name="ingest-collector", daemon=True).start()

    def take(self) -> list[Incoming]:
        """The next batch; empty when the inbox is closed and empty. Raises what collecting raised."""
        ready = self._ready.get()
        if isinstance(ready, Exception):
            raise ready
        return ready

    def hurry(self) -> None:
        """No batch waits for company any more."""
        self._hurry.set()

    def stop(self) -> None:
        """Nobody takes any more; what is collected stays unacknowledged."""
        self._stopped.set()

    def _run(self) -> None:
        batch: list[Incoming] | Exception = []
        while not self._stopped.is_set():
            try:
                batch = self._collect()
            except Exception as error:  # handed to who takes, in whose thread it ends the process
                batch = error
            self._hand_over(batch)
            if not batch or isinstance(batch, Exception):
                return

    def _hand_over(self, batch: list[Incoming] | Exception) -> None:
        while not self._stopped.is_set():
            try:
                self._ready.put(batch, timeout=PATIENCE)
            except queue.Full:
                continue
            return

    def _collect(self) -> list[Incoming]:
        batch = self._read(self._inbox.take(SLICE))
        deadline = time.monotonic() + self._limits.wait
        rows = sum([one.row_count for one in batch])
        while batch and rows < self._limits.rows:
            left = 0.0 if self._hurry.is_set() else deadline - time.monotonic()
            more = self._read(self._inbox.take(min(SLICE, self._limits.rows - rows), max(0.0, left)))
            if not more:
                break
            rows += sum([one.row_count for one in more])
            batch += more
        return batch

    def _read(self, messages: Sequence[Message]) -> list[Incoming]:
        self._reader.look_at_clock()
        read = self._reader.read
        return [read(message) for message in messages]
