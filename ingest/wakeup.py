"""Wakes a thread that waits in `select`, from another thread or from a signal handler."""

from __future__ import annotations

import contextlib
import socket


class Wakeup:
    """A pair of sockets: `fileno()` becomes readable after `set()`, until `clear()`."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        return self._reader.fileno()

    def set(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full means that it is set already
            self._writer.send(b"\0")

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass
