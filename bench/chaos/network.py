"""The line between ingest and the database, which can go dead without a word."""

from __future__ import annotations

import ctypes
import selectors
import socket
import struct
import threading
from contextlib import suppress

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
"""From Linux's asm-generic/socket.h; Python has no names for them."""
DROP_EVERYTHING = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
"""A packet filter of one instruction: return 0, keep no byte."""
PIECE = 1 << 18


class Line:
    """Carries bytes between a port of its own and `target`, one connection there for each here.

    `cut` makes the kernel drop every packet that comes in at either end, before TCP sees it: nothing is acknowledged,
    probes are not answered, new connections hang. That is what a dead network does, and no privilege is needed.
    """

    def __init__(self, target: int) -> None:
        self._target = ("127.0.0.1", target)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers: dict[socket.socket, socket.socket] = {}
        self._lock = threading.Lock()
        self._dead = self._closed = False
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """From now on nothing arrives at either end."""
        with self._lock:
            self._dead = True
            for end in (self._listener, *self._peers):
                _go_deaf(end)

    def mend(self) -> None:
        """What is left of the connections works again; TCP sends again what was lost."""
        with self._lock:
            self._dead = False
            for end in (self._listener, *self._peers):
                end.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)

    def close(self) -> None:
        self._closed = True
        self._thread.join()
        for end in (self._listener, *self._peers):
            end.close()

    def _carry(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(0.2):
                with self._lock:
                    if not self._dead:
                        self._attend(key.fileobj)  # type: ignore[arg-type]
            if self._dead:
                threading.Event().wait(0.1)

    def _attend(self, end: socket.socket) -> None:
        if end is self._listener:
            self._accept()
        elif end in self._peers:
            try:
                piece = end.recv(PIECE)
                if piece:
                    self._peers[end].sendall(piece)
                    return
            except OSError:
                pass
            self._drop(end)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._target, timeout=5)
        except OSError:
            client.close()
            return
        self._peers[client], self._peers[server] = server, client
        for end in (client, server):
            end.settimeout(10)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(end, selectors.EVENT_READ)

    def _drop(self, end: socket.socket) -> None:
        for one in (end, self._peers[end]):
            self._selector.unregister(one)
            del self._peers[one]
            with suppress(OSError):
                one.close()


def _go_deaf(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(DROP_EVERYTHING)))
