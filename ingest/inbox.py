"""The bounded queue between the thread that reads the broker and the thread that writes the database."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from ingest.message import Message

MAX_MESSAGES = 20_000
MAX_BYTES = 64 << 20


class Inbox:
    """Messages in the order in which they came.

    `put` never blocks: who reads the broker asks `has_room` before each read, and stops reading when there is none,
    so the queue holds at most `max_messages`, and at most one message more than `max_bytes`.
    """

    def __init__(
        self, on_room: Callable[[], None], *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES
    ) -> None:
        """`on_room` is called, in the taking thread, when a full queue has room again."""
        self.max_messages = max_messages
        self._max_bytes = max_bytes
        self._on_room = on_room
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def has_room(self) -> bool:
        return len(self._messages) < self.max_messages and self._bytes < self._max_bytes

    def put(self, message: Message) -> None:
        with self._changed:
            self._messages.append(message)
            self._bytes += len(message.payload)
            self._changed.notify()

    def take(self, max_messages: int, max_bytes: int, timeout: float | None = None) -> list[Message]:
        """The oldest messages, at least one; none after `timeout` seconds, or when the inbox is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._closed, timeout)
            was_full = not self.has_room
            taken: list[Message] = []
            size = 0
            while self._messages and len(taken) < max_messages and size < max_bytes:
                taken.append(self._messages.popleft())
                size += len(taken[-1].payload)
            self._bytes -= size
        if was_full and taken:
            self._on_room()
        return taken

    def close(self) -> None:
        """Nothing more will come: who takes gets what is left."""
        with self._changed:
            self._closed = True
            self._changed.notify()
