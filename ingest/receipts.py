"""Acknowledgements on their way from the thread that writes to the connections that brought the messages."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from ingest.message import Delivery
from ingest.wakeup import Wakeup


class Receipts:
    """Each connection to the broker is opened here, gets a number that no other has, and fetches what is its own.

    An acknowledgement for a connection that is closed is not sent: the broker delivers that message again.
    """

    def __init__(self, note_stale: Callable[[int], None]) -> None:
        """`note_stale` is told how many acknowledgements came too late."""
        self._note_stale = note_stale
        self._open: dict[int, tuple[Wakeup, deque[list[int]]]] = {}
        self._last = 0
        self._lock = threading.Lock()

    def open(self, wakeup: Wakeup) -> int:
        """Number a new connection; `wakeup` is set when there is something for it."""
        with self._lock:
            self._last += 1
            self._open[self._last] = (wakeup, deque())
            return self._last

    def close(self, connection: int) -> None:
        """That connection is lost, and what waits for it with it."""
        with self._lock:
            _, waiting = self._open.pop(connection)
        self._note_stale_if_any(sum(map(len, waiting)))

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Have these acknowledged, for their rows are committed; in this order on each connection."""
        with self._lock:
            left = len(deliveries)
            for number, (wakeup, waiting) in self._open.items():
                ours = [delivery & 0xFFFF for delivery in deliveries if delivery >> 16 == number]
                if ours:
                    waiting.append(ours)
                    wakeup.set()
                left -= len(ours)
        self._note_stale_if_any(left)

    def take(self, connection: int) -> list[int]:
        """Message ids to acknowledge now on that connection, in their order."""
        _, waiting = self._open[connection]
        taken: list[int] = []
        while waiting:
            taken += waiting.popleft()
        return taken

    def wake(self) -> None:
        """Wake whoever serves a connection."""
        with self._lock:
            for wakeup, _ in self._open.values():
                wakeup.set()

    def _note_stale_if_any(self, count: int) -> None:
        if count:
            self._note_stale(count)
