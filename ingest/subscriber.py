"""The subscribing thread: reads the broker while there is room, and sends the acknowledgements of what is committed.

One thread does all the talking on a connection, so an acknowledgement can never slip onto the next connection, where
its message id would belong to another message.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta

import structlog

from domain.clock import Clock
from ingest.backoff import Backoff
from ingest.inbox import Inbox
from ingest.link import Link
from ingest.metrics import IngestMetrics
from ingest.packets import ProtocolError
from ingest.receipts import Receipts
from ingest.sessions import Sessions
from ingest.wakeup import Wakeup

log = structlog.get_logger()
MAX_REQUESTS = 10_000
"""Requests that wait to be sent; beyond it the oldest gives way, and whoever made it will make it again."""

STEADY_SECONDS = 10.0
"""A connection that lasted so long was not a failed attempt."""


class Subscriber:
    """Keeps one persistent session at the broker, through as many connections as it takes."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        session: Callable[[], str | None],
        subscribed: Callable[[], None],
        lost: Callable[[], None],
        receipts: Receipts,
        inbox: Inbox,
        wakeup: Wakeup,
        clock: Clock,
        metrics: IngestMetrics,
        backoff: Backoff,
    ) -> None:
        """`session` names the one to keep, or None while that is not known. `subscribed` is called when the broker has
        granted the subscriptions, `lost` when a connection is lost: then `session` is asked again before the next.
        """
        self._sessions = sessions
        self._session = session
        self._note_standing = subscribed
        self._lost = lost
        self._receipts = receipts
        self._inbox = inbox
        self._wakeup = wakeup
        self._clock = clock
        self._metrics = metrics
        self._backoff = backoff
        self._subscribed: tuple[Link, float] | None = None
        self._requests: deque[tuple[str, bytes]] = deque(maxlen=MAX_REQUESTS)
        self._name = ""
        self._connections = 0
        self._problem: str | None = None
        self._reading = True

    @property
    def connection_number(self) -> int:
        """Tells the connections to the broker apart."""
        return self._connections

    def subscribed_for(self) -> timedelta | None:
        """How long the present connection has had its subscriptions; None when it has not or is gone. Any thread."""
        subscribed = self._subscribed
        if subscribed is None or not subscribed[0].stands:
            return None
        return timedelta(seconds=time.monotonic() - subscribed[1])

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a request that may get lost; may be called from another thread."""
        self._requests.append((topic, payload))
        self._wakeup.set()

    def stop_reading(self) -> None:
        """Take in nothing more; acknowledgements go on. May be called from a signal handler."""
        self._reading = False
        self._wakeup.set()

    def run(self, finished: Callable[[], bool]) -> None:
        """Connect, serve and reconnect until `finished`, which is looked at after each wake-up."""
        while not finished():
            link = self._connect() if self._reading else None
            if link is not None:
                self._serve(link, finished)
            if not finished():
                self._pause()

    def _connect(self) -> Link | None:
        name = self._session()
        if name is None:
            self._problem = "the database has not said yet which session is ours"
            return None
        number = self._receipts.open(self._wakeup)
        try:
            link = self._sessions.open(name, number)
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be looked up
            self._problem = f"cannot connect: {getattr(error, 'strerror', None) or error}"
            self._receipts.close(number)
            return None
        self._name = name
        self._connections += 1
        self._metrics.connections.inc()
        return link

    def _serve(self, link: Link, finished: Callable[[], bool]) -> None:
        began = time.monotonic()
        try:
            self._talk(link, finished)
        except (OSError, ProtocolError) as error:
            link.problem = link.problem or f"connection lost: {getattr(error, 'strerror', None) or error}"
        self._subscribed = None
        link.close()
        self._receipts.close(link.number)
        self._problem = link.problem
        self._metrics.subscribed.set(0)
        if time.monotonic() - began > STEADY_SECONDS:
            self._backoff.reset()
        self._lost()

    def _talk(self, link: Link, finished: Callable[[], bool]) -> None:
        subscribed = False
        while link.problem is None:
            last = finished()
            self._send_acknowledgements(link)
            if self._session() not in (None, self._name):
                link.problem = "our slot is another replica's by now"
            if last or link.problem is not None:
                link.leave()
                return
            listening = not link.accepted or (self._reading and self._inbox.has_room)
            link.attend(listening=listening)
            if link.wait(self._wakeup, listening=listening):
                self._read(link)
            self._wakeup.clear()
            if link.settled and not subscribed:
                subscribed = True
                self._note_subscribed(link)

    def _read(self, link: Link) -> None:
        for messages in link.read(self._clock):
            self._inbox.put(messages)
            if not self._inbox.has_room:
                break

    def _send_acknowledgements(self, link: Link) -> None:
        message_ids = self._receipts.take(link.number)
        link.acknowledge(message_ids)
        self._metrics.acknowledged.inc(len(message_ids))
        while self._requests:
            link.publish(*self._requests.popleft())

    def _note_subscribed(self, link: Link) -> None:
        if self._connections > 1 and not link.session_present:
            log.warning("the broker lost our session and whatever it had kept for it", session=self._name)
        self._subscribed = (link, time.monotonic())
        self._note_standing()
        self._metrics.subscribed.set(1)
        log.info("subscribed", broker=str(self._sessions.address), session=self._name)

    def _pause(self) -> None:
        """Wait before the next attempt, or for the writer when no attempt is to follow."""
        delay = 1.0
        if self._reading:
            delay = self._backoff.next()
            log.warning(
                "not at the broker, trying again",
                broker=str(self._sessions.address),
                reason=self._problem,
                retry_in=round(delay, 2),
            )
        unknown = self._session() is None
        until = time.monotonic() + delay
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self._wakeup], [], [], left)
            self._wakeup.clear()
            if readable and (not self._reading or (unknown and self._session() is not None)):
                return
