"""A publisher that keeps every message until the broker has acknowledged it, through any number of connections."""

from __future__ import annotations

import select
import socket
import struct
import time

from bench.broker_load import publish_packet

MOST_UNACKNOWLEDGED = 60_000
"""Below the number of message ids: while the broker is away, the source waits."""
RETRY_SECONDS = 0.2
PUBACK_SIZE = 4
DUP = 0x08


class Publisher:
    """Speaks MQTT 3.1.1 with QoS 1 and a session that outlives its connections."""

    def __init__(self, port: int, client_id: bytes) -> None:
        self._port = port
        identity = struct.pack(">H", len(client_id)) + client_id
        self._hello = bytes([0x10, 10 + len(identity)]) + b"\x00\x04MQTT\x04\x00\x00\x00" + identity
        self._unacknowledged: dict[int, bytes] = {}
        self._message_id = 0
        self._unsent = bytearray()
        self._unread = b""
        self._socket: socket.socket | None = None
        self.acknowledged = 0
        self.connections = 0

    @property
    def has_room(self) -> bool:
        return len(self._unacknowledged) < MOST_UNACKNOWLEDGED

    @property
    def is_done(self) -> bool:
        return not self._unacknowledged

    def offer(self, topic: str, payload: bytes) -> None:
        """Have a message sent; `has_room` has to be asked before."""
        self._message_id = self._message_id % 65_535 + 1
        while self._message_id in self._unacknowledged:
            self._message_id = self._message_id % 65_535 + 1
        packet = publish_packet(topic.encode(), payload, self._message_id)
        self._unacknowledged[self._message_id] = packet
        self._unsent += packet

    def work(self, seconds: float) -> None:
        """Send and read for at most so long; returns early when there was something to read."""
        try:
            if self._socket is None:
                self._socket = self._connect()
            writers = [self._socket] if self._unsent else []
            readable, writable, _ = select.select([self._socket], writers, [], seconds)
            if writable:
                del self._unsent[: self._socket.send(self._unsent)]
            if readable:
                self._read(self._socket)
        except OSError:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            time.sleep(min(seconds, RETRY_SECONDS))

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.sendall(self._hello)
            answer = connected.recv(4, socket.MSG_WAITALL)
            if len(answer) < 4 or answer[3] != 0:
                raise ConnectionError("the broker refuses the publisher")
            connected.setblocking(False)
        except OSError:
            connected.close()
            raise
        self.connections += 1
        self._unread = b""
        again = (bytes([packet[0] | DUP]) + packet[1:] for packet in self._unacknowledged.values())
        self._unsent = bytearray(b"".join(again if self.connections > 1 else self._unacknowledged.values()))
        return connected

    def _read(self, source: socket.socket) -> None:
        received = source.recv(1 << 20)
        if not received:
            raise ConnectionError("the broker closed the connection")
        self._unread += received
        whole = len(self._unread) // PUBACK_SIZE * PUBACK_SIZE
        for kind, _length, message_id in struct.iter_unpack(">BBH", self._unread[:whole]):
            assert kind == 0x40, f"no PUBACK but a packet of kind {kind >> 4}"
            if self._unacknowledged.pop(message_id, None) is not None:
                self.acknowledged += 1
        self._unread = self._unread[whole:]
