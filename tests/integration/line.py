"""A way to a server that can be opened and cut: to whoever goes that way it looks as if the server went away."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from aftercare.embedded.ports import free_port


class Line:
    """Carries bytes between a port of its own and the server's, from `open` until `cut`."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.port = free_port()
        self._target = (host, port)
        self._sockets: list[socket.socket] = []

    def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self._sockets.append(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Refuse new connections and break those that there are."""
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._sockets.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, far = listener.accept()[0], socket.create_connection(self._target)
                self._sockets += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
