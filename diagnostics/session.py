"""One connection to the broker in the platform's session there: it ends when the connection is lost, and never sends
anything again by itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from diagnostics.messages import Arrived
from domain.broker import BrokerAddress
from domain.catalog_commands import LONGEST_VALIDITY
from domain.errors import UnavailableError

KEEPALIVE = 30
ANSWERED_WITHIN = 10.0
RECEIVE_MAXIMUM = 1000
KEPT_FOR = LONGEST_VALIDITY + timedelta(days=1)
"""How long the broker keeps what devices answer while the platform is away."""
FILTERS = ("devices/+/commands/+/request", "devices/+/commands/+/response", "devices/+/twin/reported")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The broker's answer to a message of ours; refused: why it does not take it."""

    mid: int
    refused: str | None


class Session:
    """Connected from `open` until `lost`. What arrives is in `inbox` and comes again until it is acknowledged."""

    def __init__(self, login: BrokerAddress, client_id: str) -> None:
        self.marker_topic = f"diagnostics/{client_id}/marker"
        self.inbox: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        self.confirmations: queue.SimpleQueue[Confirmation] = queue.SimpleQueue()
        self.lost = threading.Event()
        self._login = login
        self._problem = "no answer"
        self._subscribed = threading.Event()
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.on_connect, client.on_disconnect, client.on_subscribe = self._connected, self._gone, self._granted
        client.on_message, client.on_publish = self._arrived, self._confirmed
        client.on_socket_open = _at_once
        self._client = client

    def open(self) -> None:
        """Connect and subscribe. Raises UnavailableError."""
        login = self._login
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.SessionExpiryInterval = int(KEPT_FOR.total_seconds())
        wishes.ReceiveMaximum = RECEIVE_MAXIMUM
        if login.username is not None:
            self._client.username_pw_set(login.username, login.password)
        try:
            if login.tls:
                self._client.tls_set(ca_certs=str(login.ca_file) if login.ca_file else None)
            self._client.connect(login.host, login.port, KEEPALIVE, clean_start=False, properties=wishes)
        except OSError as error:
            raise self._unavailable(str(error)) from error
        self._client.loop_start()
        if not self._subscribed.wait(ANSWERED_WITHIN) or self.lost.is_set():
            self.close()
            raise self._unavailable(self._problem)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        response_topic: str | None = None,
        correlation: bytes | None = None,
        expires_in: int | None = None,
    ) -> int:
        """Send with QoS 1; the number under which the broker's answer comes to `confirmations`. expires_in: seconds."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if response_topic is not None:
            properties.ResponseTopic = response_topic
        if correlation is not None:
            properties.CorrelationData = correlation
        if expires_in is not None:
            properties.MessageExpiryInterval = expires_in
        return self._client.publish(topic, payload, qos=1, retain=retain, properties=properties).mid

    def acknowledge(self, batch: Sequence[Arrived]) -> None:
        """These are committed."""
        for one in batch:
            self._client.ack(one.mid, 1)

    def close(self) -> None:
        """Leave; the session stays at the broker."""
        self._client.disconnect()
        self._client.loop_stop()
        self.lost.set()

    def _connected(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._problem = f"the broker answers {code}"
            self._subscribed.set()
            self.lost.set()
            return
        client.subscribe([(one, 1) for one in (*FILTERS, self.marker_topic)])

    def _granted(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if refused := [str(code) for code in codes if code.is_failure]:
            self._problem = f"the broker refuses a subscription: {refused[0]}"
            self.lost.set()
        self._subscribed.set()

    def _gone(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._problem = f"the connection was lost ({code})"
        self._subscribed.set()
        self.lost.set()

    def _arrived(self, client: Client, _data: object, message: MQTTMessage) -> None:
        told = message.properties
        properties = dict(getattr(told, "UserProperty", ()))
        correlation = getattr(told, "CorrelationData", None)
        self.inbox.put(
            Arrived(message.topic, bytes(message.payload), message.mid, message.retain, correlation, properties)
        )

    def _confirmed(
        self, _client: Client, _data: object, mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self.confirmations.put(Confirmation(mid, str(code) if code.is_failure else None))

    def _unavailable(self, reason: str) -> UnavailableError:
        return UnavailableError(
            f"cannot speak with devices by the broker at {self._login.host}:{self._login.port}: {reason}. Check "
            "AFTERCARE_MQTT_URL, that the broker runs and that its user may read and write devices/# and diagnostics/#"
        )


def _at_once(_client: Client, _data: object, opened: Any) -> None:
    """A request must not wait 40 ms for the broker to have acknowledged what went out before it."""
    opened.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
