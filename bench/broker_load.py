"""Fills the broker's queues for a benchmark, as fast as the broker takes messages from one socket."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Iterable, Iterator

PUBACK_SIZE = 4
CHUNK = 1 << 16


class Publisher:
    """Speaks MQTT 3.1.1, QoS 1."""

    def __init__(self, host: str, port: int, client_id: bytes) -> None:
        self._socket = socket.create_connection((host, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        identity = struct.pack(">H", len(client_id)) + client_id
        self._socket.sendall(bytes([0x10, 10 + len(identity)]) + b"\x00\x04MQTT\x04\x02\x00\x00" + identity)
        assert self._socket.recv(4) == b"\x20\x02\x00\x00", "the broker refuses the publisher"
        self._socket.setblocking(False)
        self._message_id = 0
        self._unacknowledged = 0

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send messages and return when the broker has acknowledged everything that was sent."""
        self.send(messages)
        while self._unacknowledged:
            select.select([self._socket], [], [])
            self._read()

    def send(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send messages, and take note of the acknowledgements that come meanwhile."""
        for chunk, count in self._chunks(messages):
            self._unacknowledged += count * PUBACK_SIZE
            rest = memoryview(chunk)
            while rest:
                readable, writable, _ = select.select([self._socket], [self._socket], [])
                if readable:
                    self._read()
                if writable:
                    rest = rest[self._socket.send(rest) :]

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        received = len(self._socket.recv(1 << 20))
        assert received, "the broker closed the publisher's connection"
        self._unacknowledged -= received

    def _chunks(self, messages: Iterable[tuple[str, bytes]]) -> Iterator[tuple[bytes, int]]:
        packets: list[bytes] = []
        size = 0
        for topic, payload in messages:
            self._message_id = self._message_id % 65_535 + 1
            packets.append(publish_packet(topic.encode(), payload, self._message_id))
            size += len(packets[-1])
            if size > CHUNK:
                yield b"".join(packets), len(packets)
                packets, size = [], 0
        if packets:
            yield b"".join(packets), len(packets)


def publish_packet(topic: bytes, payload: bytes, message_id: int) -> bytes:
    """A PUBLISH of MQTT 3.1.1 with QoS 1."""
    length = 2 + len(topic) + 2 + len(payload)
    header = bytearray(b"\x32")
    while length > 127:
        header.append(length & 127 | 128)
        length >>= 7
    header.append(length)
    return bytes(header) + struct.pack(">H", len(topic)) + topic + struct.pack(">H", message_id) + payload
