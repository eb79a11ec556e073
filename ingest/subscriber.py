"""The subscribing thread: reads the broker while there is room, and sends the acknowledgements of what is committed.

One thread does all the talking on a connection, so an acknowledgement can never slip onto the next connection, where
its message id would belong to another message.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from aftercare.broker_address import BrokerAddress
from domain.clock import Clock
from ingest.backoff import Backoff
from ingest.broker import connect, make_client
from ingest.codecs import CODECS
from ingest.inbox import Inbox
from ingest.link import Link
from ingest.message import Delivery
from ingest.metrics import IngestMetrics
from ingest.packets import ProtocolError
from ingest.wakeup import Wakeup

log = structlog.get_logger()
MAX_REQUESTS = 10_000
"""Requests that wait to be sent; beyond it the oldest gives way, and whoever made it will make it again."""


class Subscriber:
    """Keeps one persistent session at the broker, through as many connections as it takes."""

    def __init__(
        self,
        *,
        address: BrokerAddress,
        client_id: str,
        group: str,
        session_expiry: timedelta,
        inbox: Inbox,
        wakeup: Wakeup,
        clock: Clock,
        metrics: IngestMetrics,
        backoff: Backoff,
    ) -> None:
        self._address = address
        self._client_id = client_id
        # A group for each filter: the wheel broker loses messages when one group has several filters.
        self._subscriptions = [
            (codec.topic_filter if codec.to_all else f"$share/{group}-{number}/{codec.topic_filter}", 1)
            for number, codec in enumerate(CODECS)
        ]
        self._session_expiry = session_expiry
        self._inbox = inbox
        self._wakeup = wakeup
        self._clock = clock
        self._metrics = metrics
        self._backoff = backoff
        self._committed: deque[Sequence[Delivery]] = deque()
        self._requests: deque[tuple[str, bytes]] = deque(maxlen=MAX_REQUESTS)
        self._topics: dict[bytes, str] = {}
        self._connections = 0
        self._problem: str | None = None
        self._reading = True

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Have these acknowledged; may be called from another thread, once their rows are committed."""
        self._committed.append(deliveries)
        self._wakeup.set()

    @property
    def connection_number(self) -> int:
        """Tells the connections to the broker apart."""
        return self._connections

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
        try:
            client = make_client(self._address, self._client_id)
            connect(
                client, self._address, session_expiry=self._session_expiry, receive_maximum=self._inbox.max_messages
            )
            link = Link(client, self._connections + 1, self._subscriptions, self._topics)
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be looked up
            self._problem = f"cannot connect: {getattr(error, 'strerror', None) or error}"
            return None
        self._connections += 1
        self._metrics.connections.inc()
        return link

    def _serve(self, link: Link, finished: Callable[[], bool]) -> None:
        try:
            self._talk(link, finished)
        except (OSError, ProtocolError) as error:
            link.problem = link.problem or f"connection lost: {getattr(error, 'strerror', None) or error}"
        link.close()
        self._problem = link.problem
        self._metrics.subscribed.set(0)

    def _talk(self, link: Link, finished: Callable[[], bool]) -> None:
        subscribed = False
        while link.problem is None:
            last = finished()
            self._send_acknowledgements(link)
            if last:
                link.leave()
                return
            listening = not link.accepted or (self._reading and self._inbox.has_room)
            link.attend(listening=listening)
            if link.wait(self._wakeup, listening=listening):
                self._read(link)
            self._wakeup.clear()
            if link.subscribed and not subscribed:
                subscribed = True
                self._note_subscribed(link)

    def _read(self, link: Link) -> None:
        for messages in link.read(self._clock):
            self._inbox.put(messages)
            if not self._inbox.has_room:
                break

    def _send_acknowledgements(self, link: Link) -> None:
        while self._committed:
            deliveries = self._committed.popleft()
            ours = [delivery & 0xFFFF for delivery in deliveries if delivery >> 16 == link.number]
            link.acknowledge(ours)
            self._metrics.acknowledged.inc(len(ours))
            self._metrics.stale.inc(len(deliveries) - len(ours))
        while self._requests:
            link.publish(*self._requests.popleft())

    def _note_subscribed(self, link: Link) -> None:
        if self._connections > 1 and not link.session_present:
            log.warning("the broker lost our session and whatever it had kept for it", broker=str(self._address))
        self._metrics.subscribed.set(1)
        self._backoff.reset()
        log.info("subscribed", broker=str(self._address), client_id=self._client_id)

    def _pause(self) -> None:
        """Wait before the next attempt, or for the writer when no attempt is to follow."""
        delay = 1.0
        if self._reading:
            delay = self._backoff.next()
            log.warning(
                "broker away, trying again", broker=str(self._address), reason=self._problem, retry_in=round(delay, 2)
            )
        until = time.monotonic() + delay
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self._wakeup], [], [], left)
            self._wakeup.clear()
            if readable and not self._reading:
                return
