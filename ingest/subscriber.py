"""The subscribing thread: reads the broker while there is room, and sends the acknowledgements of what is committed.

One thread does all the talking on a connection, so an acknowledgement can never slip onto the next connection, where
its message id would belong to another message.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from aftercare.broker_address import BrokerAddress
from domain.clock import Clock
from ingest.backoff import Backoff
from ingest.broker import connect, make_client
from ingest.codecs import CODECS
from ingest.inbox import Inbox
from ingest.message import Delivery, Message
from ingest.metrics import IngestMetrics
from ingest.wakeup import Wakeup

log = structlog.get_logger()
HANDSHAKE_SECONDS = 10.0
FAREWELL_SECONDS = 2.0
BURST = 500
"""Messages read between two looks at the acknowledgements."""
SESSION_TAKEN_OVER = 142


@dataclass(slots=True)
class Link:
    """One connection. `accepted` once the broker answered; `problem` says why it was given up."""

    number: int
    deadline: float
    accepted: bool = False
    problem: str | None = None
    messages: int = 0


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
            (f"$share/{group}-{number}/{codec.topic_filter}", 1) for number, codec in enumerate(CODECS)
        ]
        self._session_expiry = session_expiry
        self._inbox = inbox
        self._wakeup = wakeup
        self._clock = clock
        self._now = clock()
        self._metrics = metrics
        self._backoff = backoff
        self._committed: deque[Delivery] = deque()
        self._connections = 0
        self._reading = True

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Have these acknowledged; may be called from another thread, once their rows are committed."""
        self._committed.extend(deliveries)
        self._wakeup.set()

    def stop_reading(self) -> None:
        """Take in nothing more; acknowledgements go on. May be called from a signal handler."""
        self._reading = False
        self._wakeup.set()

    def run(self, finished: Callable[[], bool]) -> None:
        """Connect, serve and reconnect until `finished`, which is looked at after each wake-up."""
        while not finished():
            link = Link(self._connections + 1, time.monotonic() + HANDSHAKE_SECONDS)
            client = self._connect(link) if self._reading else None
            if client is not None:
                self._serve(client, link, finished)
            if not finished():
                self._pause(link)

    def _connect(self, link: Link) -> Client | None:
        try:
            client = make_client(self._address, self._client_id, link)
            client.on_connect = self._on_connect
            client.on_subscribe = self._on_subscribe
            client.on_disconnect = self._on_disconnect
            client.on_message = self._on_message
            connect(
                client,
                self._address,
                session_expiry=self._session_expiry,
                receive_maximum=self._inbox.max_messages,
            )
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be looked up
            reason = getattr(error, "strerror", None) or error
            link.problem = f"cannot connect: {reason}; check AFTERCARE_MQTT_URL and that the broker runs"
            return None
        self._connections += 1
        self._metrics.connections.inc()
        return client

    def _serve(self, client: Client, link: Link, finished: Callable[[], bool]) -> None:
        while link.problem is None:
            last = finished()
            self._send_acknowledgements(client, link)
            if last:
                self._leave(client)
                return
            if (socket := client.socket()) is None:  # found broken while sending
                break
            descriptor = socket.fileno()
            listening = not link.accepted or (self._reading and self._inbox.has_room)
            pending = listening and getattr(socket, "pending", int)()  # TLS may hold bytes that select does not see
            readable, writable, _ = select.select(
                [self._wakeup.fileno(), *([descriptor] if listening else [])],
                [descriptor] if client.want_write() else [],
                [],
                0.0 if pending else 1.0,
            )
            self._wakeup.clear()
            if writable:
                client.loop_write()
            if descriptor in readable or pending:
                self._read(client, link)
            client.loop_misc()
            if not link.accepted and time.monotonic() > link.deadline:
                link.problem = link.problem or f"no answer within {HANDSHAKE_SECONDS:.0f} s"
        self._close(client)

    def _read(self, client: Client, link: Link) -> None:
        self._now = self._clock()
        for _ in range(BURST):
            before = link.messages
            client.loop_read()
            if link.messages == before or not self._inbox.has_room:
                break

    def _send_acknowledgements(self, client: Client, link: Link) -> None:
        sent = stale = 0
        while self._committed:
            delivery = self._committed.popleft()
            if delivery.connection == link.number:
                client.ack(delivery.message_id, 1)
                sent += 1
            else:
                stale += 1
        self._metrics.acknowledged.inc(sent)
        self._metrics.stale.inc(stale)

    def _leave(self, client: Client) -> None:
        """Say goodbye without ending the session: the broker keeps what comes while nobody reads."""
        deadline = time.monotonic() + FAREWELL_SECONDS
        client.disconnect()
        while client.want_write() and (socket := client.socket()) is not None and time.monotonic() < deadline:
            select.select([], [socket], [], FAREWELL_SECONDS)
            client.loop_write()

    def _close(self, client: Client) -> None:
        socket = client.socket()
        if socket is not None:
            socket.close()

    def _pause(self, link: Link) -> None:
        """Wait before the next attempt, or for the writer when no attempt is to follow."""
        delay = 1.0
        if self._reading:
            delay = self._backoff.next()
            log.warning(
                "broker away, trying again", broker=str(self._address), reason=link.problem, retry_in=round(delay, 2)
            )
        until = time.monotonic() + delay
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self._wakeup], [], [], left)
            self._wakeup.clear()
            if readable and not self._reading:
                return

    def _on_connect(
        self, client: Client, link: Link, flags: ConnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if reason.is_failure:
            link.problem = f"refused: {reason}; check the user and password in AFTERCARE_MQTT_URL"
            return
        link.accepted = True
        if self._connections > 1 and not flags.session_present:
            log.warning("the broker lost our session and whatever it had kept for it", broker=str(self._address))
        client.subscribe(self._subscriptions)

    def _on_subscribe(
        self, _client: Client, link: Link, _mid: int, reasons: list[ReasonCode], _: Properties | None
    ) -> None:
        for (topic_filter, _qos), reason in zip(self._subscriptions, reasons, strict=True):
            if reason.is_failure:
                link.problem = f"may not subscribe to {topic_filter}: {reason}; check the broker's ACL"
                return
        self._metrics.subscribed.set(1)
        self._backoff.reset()
        log.info("subscribed", broker=str(self._address), client_id=self._client_id)

    def _on_disconnect(
        self, _client: Client, link: Link, _flags: DisconnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        self._metrics.subscribed.set(0)
        hint = "; give each replica its own AFTERCARE_INGEST_ID" if reason.value == SESSION_TAKEN_OVER else ""
        link.problem = link.problem or f"connection lost: {reason}{hint}"

    def _on_message(self, _client: Client, link: Link, message: MQTTMessage) -> None:
        link.messages += 1
        delivery = Delivery(link.number, message.mid) if message.qos else None
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(a topic that is not UTF-8)"
        self._inbox.put(Message(topic, bytes(message.payload), self._now, delivery))
