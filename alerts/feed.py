"""The feed, fanned out: one thread hears the database and hands each change, encoded once, to every listener."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import structlog

from domain.errors import UnavailableError
from store.database import Database
from store.outbox import FeedEntry, latest_feed_seq, listen, number_feed, read_feed
from store.scope import seen_by

log = structlog.get_logger()
PAGE = 200
QUEUE = 5_000
"""Changes that wait for one listener at most. Their bytes are shared by all; a thousand devices that change at once
must not cut those who are quick."""
SILENCE = 5.0
"""Seconds of silence after which the thread looks whether it should stop; changes do not wait for it."""

Encode = Callable[[FeedEntry], bytes]
"""Turns a change into what goes over the wire, b"" when these listeners are not told of it; called once per change for
all listeners whose encoders are equal."""


class Subscription:
    """One listener's bounded queue on its event loop; a listener that is slower than the feed is cut."""

    def __init__(self, feed: Feed, encode: Encode) -> None:
        self.encode = encode
        self.cut = False
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()

    async def changes(self, after: int | None, silence: float) -> AsyncIterator[bytes]:
        """Every change after the number `after` (None: from now on), once and in order, without end.

        Yields b"" after `silence` seconds without a change. Ends when the listener is cut or the feed is closed.
        """
        latest = await asyncio.to_thread(self._feed.latest)
        last = latest if after is None else min(after, latest)
        while missed := await asyncio.to_thread(self._feed.read, last):
            for entry in missed:
                if encoded := await asyncio.to_thread(self.encode, entry):
                    yield encoded
                last = entry.feed_seq
        while not self.cut:
            try:
                item = await asyncio.wait_for(self._queue.get(), silence)
            except TimeoutError:
                yield b""
                continue
            if item is None:
                return
            if item[0] > last:
                last, encoded = item
                yield encoded

    def offer(self, items: Sequence[tuple[int, bytes]]) -> None:
        """Queue changes, from the feed's thread."""
        self._loop.call_soon_threadsafe(self._put, items)

    def end(self) -> None:
        """Let `changes` come to its end, from any thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    def _put(self, items: Sequence[tuple[int, bytes]]) -> None:
        if self.cut:
            return
        if self._queue.qsize() + len(items) > QUEUE:
            self.cut = True
            self._feed.cuts += 1
            log.warning("slow feed listener cut", queued=self._queue.qsize())
            self._queue.put_nowait(None)
            return
        for item in items:
            self._queue.put_nowait(item)


class Feed:
    """Hears of changes by NOTIFY while somebody listens. `cuts` counts the listeners that were too slow."""

    def __init__(self, database: Database) -> None:
        self.cuts = 0
        self._database = database
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @property
    def listeners(self) -> int:
        return len(self._subscriptions)

    async def subscribe(self, encode: Encode) -> Subscription:
        """A new listener; give it back with `unsubscribe`. Raises UnavailableError when the database is away."""
        subscription = Subscription(self, encode)
        await asyncio.to_thread(self._join, subscription)
        if self._closed.is_set():
            subscription.end()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a listener."""
        with self._lock:
            self._subscriptions.discard(subscription)

    def latest(self) -> int:
        """The highest number in the feed; 0 when it is empty."""
        with seen_by(None), self._database.transaction() as connection:
            return latest_feed_seq(connection)

    def read(self, after: int) -> list[FeedEntry]:
        """The next page of changes after a number, of all customers."""
        with seen_by(None), self._database.transaction() as connection:
            return read_feed(connection, after=after, limit=PAGE)

    def close(self) -> None:
        """End every stream; safe to call from a signal handler."""
        self._closed.set()
        for subscription in list(self._subscriptions):
            subscription.end()

    def _join(self, subscription: Subscription) -> None:
        """Add a listener to a thread that lives; the lock is never held while the database is asked."""
        while True:
            # read before anyone subscribes, so that nothing falls between replay and queue
            position = self.latest() if self._thread is None else None
            with self._lock:
                if self._thread is None:
                    if position is None:
                        continue
                    self._thread = threading.Thread(target=self._run, args=(position,), name="feed", daemon=True)
                    self._thread.start()
                self._subscriptions.add(subscription)
                return

    def _run(self, position: int) -> None:
        try:
            self._follow(position)
        finally:  # whatever ended it, listeners come again with their last number and start it anew
            with self._lock:
                self._thread = None
                for subscription in self._subscriptions:
                    subscription.end()

    def _follow(self, position: int) -> None:
        behind = False
        for heard in listen(self._database.url, "outbox", timeout=SILENCE):
            if self._closed.is_set():
                return
            behind = behind or heard
            if not behind:
                continue
            try:
                for entries in self._new_pages(position):
                    self._fan_out(entries)
                    position = entries[-1].feed_seq
                behind = False
            except UnavailableError as error:
                log.warning("feed waits for the database", reason=str(error))

    def _new_pages(self, position: int) -> Iterator[list[FeedEntry]]:
        with self._database.transaction() as connection:
            number_feed(connection)
        while entries := self.read(position):
            yield entries
            position = entries[-1].feed_seq

    def _fan_out(self, entries: Sequence[FeedEntry]) -> None:
        with self._lock:
            subscriptions = list(self._subscriptions)
        encoded: dict[Encode, list[tuple[int, bytes]]] = {}
        for subscription in subscriptions:
            if subscription.encode not in encoded:
                pieces = [(entry.feed_seq, subscription.encode(entry)) for entry in entries]
                encoded[subscription.encode] = [(feed_seq, piece) for feed_seq, piece in pieces if piece]
            subscription.offer(encoded[subscription.encode])
