"""The socket of a connection, between paho and the broker.

paho reads and writes one packet at a time, in Python. Here the socket is read in large pieces, messages are taken out,
and paho is given the rest as if it came from its socket. What paho writes waits in one buffer with our acknowledgements
and pings, so that no packet is ever sent into the middle of another.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

PIECE = 1 << 18
PIECES = 4
"""Pieces read between two looks at the acknowledgements."""
TCP_ESTABLISHED = 1
"""As Linux numbers it (net/tcp_states.h)."""
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class BrokerSocket:
    """Has the methods of a socket that paho uses; `read_pieces`, `write`, `flush` and `hang_up` are ours."""

    def __init__(self, connected: socket.socket) -> None:
        """`connected` is non-blocking, TLS or not."""
        self._socket = connected
        self._for_paho = bytearray()
        self._unsent = bytearray()

    def read_pieces(self) -> Iterator[bytes]:
        """What has come, a few pieces of it; the last one is empty when the broker closed. Raises OSError."""
        for _ in range(PIECES):
            try:
                piece = self._socket.recv(PIECE)
            except WOULD_BLOCK:
                return
            yield piece
            if not piece:
                return

    def give_paho(self, packets: bytes) -> None:
        """Let paho's next reads find these packets."""
        self._for_paho += packets

    @property
    def paho_has_more(self) -> bool:
        return bool(self._for_paho)

    def write(self, packets: bytes) -> None:
        """Send whole packets, after whatever waits to be sent; `flush` does it."""
        self._unsent += packets

    def flush(self) -> None:
        """Send as much as the broker takes now. Raises OSError."""
        while self._unsent:
            try:
                sent = self._socket.send(self._unsent)
            except WOULD_BLOCK:
                return
            del self._unsent[:sent]

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def recv(self, size: int) -> bytes:
        """For paho."""
        if not self._for_paho:
            raise BlockingIOError
        taken = bytes(self._for_paho[:size])
        del self._for_paho[:size]
        return taken

    def send(self, packet: bytes) -> int:
        """For paho: all of it is taken."""
        self._unsent += packet
        return len(packet)

    def pending(self) -> int:
        """Bytes that TLS holds and select does not see."""
        return self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def stands(self) -> bool:
        """Whether the connection is up as far as the kernel knows, read or not: the other end has not closed it."""
        try:
            state = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except OSError:
            return False
        return state == TCP_ESTABLISHED

    def setblocking(self, flag: bool) -> None:
        self._socket.setblocking(flag)

    def close(self) -> None:
        """For paho, which closes as soon as it has said goodbye: what waits to be sent is sent all the same."""

    def hang_up(self) -> None:
        """Close the connection."""
        self._socket.close()
