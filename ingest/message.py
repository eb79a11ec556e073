"""A message on its way from the broker to the store."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import structlog

from ingest.codecs import Decoded, PayloadError, decode
from ingest.codecs.packed_json import PackedRows
from store.devices import DeviceRef

log = structlog.get_logger()
Delivery = int
"""What the broker wants to hear back, and on which connection, as one number: message ids begin anew with each
connection, so the connection's number stands above the 16 bits of the message id."""


def make_delivery(connection: int, message_id: int) -> Delivery:
    """The delivery of that message id on that connection."""
    return connection << 16 | message_id


class Message(NamedTuple):
    """A message as it came. `delivery` is None when nobody waits for an acknowledgement (QoS 0, or a replay)."""

    topic: str
    payload: bytes
    received_at: datetime
    delivery: Delivery | None = None


class Packed(NamedTuple):
    """Readings of one registered device, packed as `ingest.codecs.packed_json` does."""

    device: DeviceRef
    rows: PackedRows


class Incoming(NamedTuple):
    """A message with what it says, or with why it says nothing that can be stored."""

    message: Message
    content: Decoded | Packed | PayloadError

    @property
    def row_count(self) -> int:
        """How many rows it will take, roughly: a rejected message takes one too."""
        if isinstance(self.content, Packed):
            return len(self.content.rows.instants)
        if isinstance(self.content, PayloadError):
            return 1
        return max(1, len(self.content.samples) + len(self.content.events))


def read(message: Message) -> Incoming:
    """Decode a message; a mistake in it becomes its content."""
    try:
        return Incoming(message, decode(message.topic, message.payload, message.received_at))
    except PayloadError as error:
        return Incoming(message, error)
    except Exception as error:  # the broker would bring it again after each start, and with it the end of ingest
        log.exception("a codec cannot deal with a message", topic=message.topic)
        return Incoming(message, PayloadError("defect", f"a defect keeps it from being read: {repr(error)[:200]}"))
