"""The bounded queue between the thread that reads the broker and the thread that writes the database."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from ingest.message import Message

MAX_MESSAGES = 20_000
MAX_BYTES = 64 << 20


class Inbox:
    """Messages in the order in which they came, in the portions in which they came.

    `put` never blocks: who reads the broker asks `has_room` before each read, and stops reading when there is none,
    so the queue holds at most one portion more than `max_messages` or `max_bytes`. `taken_in` counts all that came.
    """

    def __init__(
        self, on_room: Callable[[], None], *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES
    ) -> None:
        """`on_room` is called, in the taking thread, when a full queue has room again."""
        self.max_messages = max_messages
        self._max_bytes = max_bytes
        self._on_room = on_room
        self._portions: deque[Sequence[Message]] = deque()
        self._messages = 0
        self.taken_in = 0
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return self._messages

    @property
    def has_room(self) -> bool:
        return self._messages < self.max_messages and self._bytes < self._max_bytes

    def put(self, messages: Sequence[Message]) -> None:
        """Append one portion, at least one message."""
        with self._changed:
            self._portions.append(messages)
            self._messages += len(messages)
            self.taken_in += len(messages)
            self._bytes += _size(messages)
            self._changed.notify()

    def take(self, max_messages: int, timeout: float | None = None) -> Sequence[Message]:
        """The oldest messages of one portion, at least one; none after `timeout` seconds, or when the inbox is closed
        and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._portions or self._closed, timeout)
            if not self._portions:
                return []
            was_full = not self.has_room
            taken = self._portions.popleft()
            if len(taken) > max_messages:
                self._portions.appendleft(taken[max_messages:])
                taken = taken[:max_messages]
            self._messages -= len(taken)
            self._bytes -= _size(taken)
            has_room = self.has_room
        if was_full and has_room:
            self._on_room()
        return taken

    def close(self) -> None:
        """Nothing more will come: who takes gets what is left."""
        with self._changed:
            self._closed = True
            self._changed.notify()


def _size(messages: Sequence[Message]) -> int:
    return sum([len(message.payload) for message in messages])
