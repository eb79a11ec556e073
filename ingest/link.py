"""One connection to the broker: paho connects, subscribes and keeps the session, and messages go past it."""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from domain.clock import Clock
from ingest.broker import KEEPALIVE
from ingest.broker_socket import BrokerSocket
from ingest.keepalive import Keepalive
from ingest.message import Message
from ingest.packets import PINGREQ, PacketReader, acknowledgements
from ingest.wakeup import Wakeup

HANDSHAKE_SECONDS = 10.0
FAREWELL_SECONDS = 2.0
WORD_SECONDS = 20
"""How long the line may swallow what we send before the connection counts as lost."""
SESSION_TAKEN_OVER = 142
Subscription = tuple[str, int]


class Link:
    """Used by one thread. `problem` says why the connection is of no use any more.

    Every method may raise OSError or ProtocolError, which is such a problem too.
    """

    def __init__(
        self,
        client: Client,
        number: int,
        subscriptions: Sequence[Subscription],
        topics: dict[bytes, str],
        *,
        subscribe: bool = True,
    ) -> None:
        """`client` has just sent its CONNECT. `number` tells this connection from all others.

        Without `subscribe` the session's subscriptions are cancelled instead: what waits in it still comes.
        """
        self.number = number
        self.accepted = False
        self.session_present = False
        self.settled = False
        """Whether the broker has granted the subscriptions, or has cancelled them."""
        self._subscribe = subscribe
        self.problem: str | None = None
        self._subscriptions = subscriptions
        self._packets = PacketReader(number, topics)
        self._pings = 0
        now = time.monotonic()
        self._deadline = now + HANDSHAKE_SECONDS
        self._keepalive = Keepalive(KEEPALIVE, sent=now, heard=now)
        connected = client.socket()
        assert isinstance(connected, socket.socket | ssl.SSLSocket)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, WORD_SECONDS * 1000)
        self._socket = BrokerSocket(connected)
        client._sock = self._socket  # type: ignore[assignment]  # there is no public way
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        client.on_disconnect = self._on_disconnect
        self._client = client

    def wait(self, wakeup: Wakeup, *, listening: bool) -> bool:
        """Wait a second at most for something to do; whether there is something to read."""
        descriptor = self._socket.fileno()
        pending = listening and self._socket.pending() > 0
        readable, _, _ = select.select(
            [wakeup.fileno(), *([descriptor] if listening else [])],
            [descriptor] if self._socket.has_unsent else [],
            [],
            0.0 if pending else 1.0,
        )
        return pending or descriptor in readable

    def read(self, clock: Clock) -> Iterator[list[Message]]:
        """Messages that have come, in portions. Whoever has no room takes no further portion."""
        for piece in self._socket.read_pieces():
            if not piece:
                self.problem = self.problem or "the broker closed the connection"
                return
            self._keepalive.note_heard(time.monotonic())
            messages, others = self._packets.feed(piece, clock())
            if others:
                self._hand_to_paho(others)
            if messages:
                yield messages

    def acknowledge(self, message_ids: Iterable[int]) -> None:
        """Tell the broker that these messages of this connection are safe, in this order."""
        self._socket.write(acknowledgements(message_ids))

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message that may get lost on the way."""
        self._client.publish(topic, payload, qos=0)

    def attend(self, *, listening: bool) -> None:
        """Send what waits to be sent and what keeps the connection alive; notice a broker that is gone."""
        now = time.monotonic()
        if self._keepalive.ping_is_due(now, listening=listening):
            self.ask()
        if self._keepalive.is_lost(now):
            self.problem = self.problem or "the broker does not answer"
        if not self.accepted and now > self._deadline:
            self.problem = self.problem or f"no answer within {HANDSHAKE_SECONDS:.0f} s"
        self._flush()

    def ask(self) -> None:
        """Have the broker answer after it has dealt with everything that was sent before."""
        self._socket.write(PINGREQ)
        self._pings += 1

    @property
    def stands(self) -> bool:
        """Whether the connection is up, so far as can be told without reading from it. From any thread."""
        return self._socket.stands

    @property
    def answered(self) -> bool:
        """Whether the broker has answered every time that it was asked."""
        return self._packets.ping_responses == self._pings

    def leave(self, *, end_session: bool = False) -> None:
        """Say goodbye. Unless the session ends with it, the broker keeps what comes while nobody reads."""
        deadline = time.monotonic() + FAREWELL_SECONDS
        farewell = None
        if end_session:
            farewell = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
            farewell.SessionExpiryInterval = 0
        self._client.disconnect(properties=farewell)
        self._flush()
        while self._socket.has_unsent and (left := deadline - time.monotonic()) > 0:
            select.select([], [self._socket.fileno()], [], left)
            self._flush()
        self.close()

    def close(self) -> None:
        self._socket.hang_up()

    def _flush(self) -> None:
        if self._client.want_write():  # left from within a callback, or from the CONNECT
            self._client.loop_write()
        self._socket.flush()

    def _hand_to_paho(self, packets: bytes) -> None:
        self._socket.give_paho(packets)
        while self._socket.paho_has_more and self.problem is None:
            self._client.loop_read()

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.problem = f"refused: {reason}; check the user and password in AFTERCARE_MQTT_URL"
            return
        self.accepted = True
        self.session_present = flags.session_present
        self._keepalive.interval = getattr(properties, "ServerKeepAlive", None) or KEEPALIVE
        if self._subscribe:
            client.subscribe(list(self._subscriptions))
        else:
            client.unsubscribe([topic_filter for topic_filter, _ in self._subscriptions])

    def _on_subscribe(
        self, _client: Client, _: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        for (topic_filter, _qos), reason in zip(self._subscriptions, reasons, strict=True):
            if reason.is_failure:
                self.problem = f"may not subscribe to {topic_filter}: {reason}; check the broker's ACL"
                return
        self.settled = True

    def _on_unsubscribe(
        self, _client: Client, _: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = next((reason for reason in reasons if reason.is_failure), None)
        if refused is not None:
            self.problem = f"may not cancel the subscriptions of a session: {refused}; check the broker's ACL"
        self.settled = True

    def _on_disconnect(
        self, _client: Client, _: object, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        hint = "; if that goes on, another platform uses this AFTERCARE_INGEST_GROUP at this broker"
        self.problem = self.problem or f"connection lost: {reason}{hint * (reason.value == SESSION_TAKEN_OVER)}"
