"""One MQTT connection of one device or of many: sends in order, resends what was not acknowledged."""

from __future__ import annotations

import json
import selectors
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

import numpy as np
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from device_sim.broker import Broker, make_client
from device_sim.errors import BrokerError
from device_sim.packets import publish_properties, read_message
from device_sim.remote.wire import Incoming, Utterance
from device_sim.schedule import Message

WINDOW = 500
FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
HOPELESS = {0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C}
"""CONNACK reasons that trying again does not mend: version, client id, password, not authorised, banned, method."""

Acknowledged = Callable[[Message, bool], None]
"""Told of each PUBACK: the message, and whether the broker took it."""


@dataclass(frozen=True, slots=True)
class Ears:
    """What a connection subscribes to, with QoS 1, and who is told of what comes and of each connection."""

    topics: Sequence[str]
    heard: Callable[[Incoming], None]
    connected: Callable[[Sequence[str]], None]


class Connection:
    """An MQTT 5 client, driven from one thread by `step`.

    A message is handed to the client only while connected, so what is in flight at a loss is resent first, in order,
    under the same packet ids, and everything later follows it.
    """

    def __init__(
        self,
        client_id: str,
        broker: Broker,
        devices: Sequence[str],
        selector: selectors.BaseSelector,
        on_acknowledged: Acknowledged,
        jitter: np.random.Generator,
        *,
        with_will: bool,
        ears: Ears | None = None,
    ) -> None:
        """Connects at the first `step`. with_will: the broker says offline for the (only) device when it is lost, and
        keeps what comes for it meanwhile."""
        self.devices = devices
        self.connected = False
        self.ever_connected = False
        self.losses = 0
        self.resent = 0
        self.not_taken = 0
        self.last_error = "no answer yet"
        self._broker = broker
        self._selector = selector
        self._on_acknowledged = on_acknowledged
        self._jitter = jitter
        self._ears = ears
        self._queue: deque[Message] = deque()
        self._utterances: deque[Utterance] = deque()
        self._statuses: deque[tuple[str, str]] = deque()
        self._in_flight: dict[int, Message | None] = {}
        self._state = "online"
        self._window = WINDOW
        self._attempts = 0
        self._next_attempt = 0.0
        self._next_misc = 0.0
        self._fatal: BrokerError | None = None
        self._leaving = False
        self._client = make_client(client_id, broker, keep_session=with_will and ears is not None)
        if with_will:
            # A will is written before the end comes and so has no time; it counts from its arrival.
            self._client.will_set(f"devices/{devices[0]}/status", b'{"state": "offline"}', qos=1, retain=True)
        self._client.on_connect = self._connected_or_refused
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published
        self._client.on_message = self._heard
        self._client.on_subscribe = self._subscribed
        self._client.on_socket_open = self._socket_opened
        self._client.on_socket_close = self._socket_closed

    @property
    def idle(self) -> bool:
        """Nothing waits to be sent or acknowledged."""
        return not (self._queue or self._statuses or self._utterances or self._in_flight)

    def utter(self, utterance: Utterance) -> None:
        """Publish this after the statuses and before readings and events that wait."""
        self._utterances.append(utterance)

    def enqueue(self, message: Message) -> None:
        self._queue.append(message)

    def drop_waiting(self) -> None:
        """Forget what was not sent yet; what is in flight stays."""
        self._queue.clear()

    def say(self, state: str) -> None:
        """Publish this state for each device, before anything that waits, and again after every loss."""
        self._state = state
        self._statuses = deque((device, state) for device in self.devices)

    def step(self, now: float, device_time: float) -> None:
        """Connect when it is time to, send what the window allows, keep alive. Raises BrokerError when refused."""
        if self._fatal:
            raise self._fatal
        if self._client.socket() is None and not self._leaving and now >= self._next_attempt:
            self._connect(now)
        if self.connected:
            self._send(device_time)
        if now >= self._next_misc:
            self._next_misc = now + 1.0
            self._client.loop_misc()
        self._watch_for_writing()

    def serve(self, ready: int) -> None:
        """The selector says that the socket can be read or written."""
        if ready & selectors.EVENT_READ:
            self._client.loop_read()
        if ready & selectors.EVENT_WRITE:
            self._client.loop_write()

    def close(self) -> None:
        """Say goodbye, which keeps the broker from publishing the will."""
        self._leaving = True
        self._client.disconnect()

    def _connect(self, now: float) -> None:
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(self._attempts, 10))
        self._next_attempt = now + delay * float(self._jitter.uniform(0.5, 1.0))
        self._attempts += 1
        try:
            self._client.reconnect()
        except OSError as error:
            self.last_error = error.strerror or str(error)

    def _send(self, device_time: float) -> None:
        while len(self._in_flight) < self._window and self.connected:
            if self._statuses:
                device, state = self._statuses.popleft()
                body = json.dumps({"state": state, "ts": int(device_time * 1000)}).encode()
                info = self._client.publish(f"devices/{device}/status", body, qos=1, retain=True)
                self._in_flight[info.mid] = None
            elif self._utterances:
                said = self._utterances.popleft()
                info = self._client.publish(
                    said.topic, said.payload, qos=1, retain=said.retain, properties=publish_properties(said)
                )
                self._in_flight[info.mid] = None
            elif self._queue:
                message = self._queue.popleft()
                info = self._client.publish(message.topic, message.payload, qos=1)
                self._in_flight[info.mid] = message
            else:
                break

    def _watch_for_writing(self) -> None:
        socket = self._client.socket()
        if socket is not None:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._client.want_write() else 0)
            if self._selector.get_key(socket).events != wanted:
                self._selector.modify(socket, wanted, self)

    def _connected_or_refused(self, client: Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self.last_error = str(reason)
            if reason.value in HOPELESS:
                self._fatal = BrokerError(f"the broker {self._broker} refuses us: {reason}. Check user and password")
            return
        self._window = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))
        self.connected = self.ever_connected = True
        self._attempts = 0
        # After a loss the broker may have published the will, or may have lost what it retained.
        self.say(self._state)
        if self._ears and self._ears.topics:
            client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._ears.topics])
            self._ears.connected(self.devices)

    def _disconnected(self, client: Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if self.connected and not self._leaving:
            self.losses += 1
            self.resent += len(self._in_flight)
            self._next_attempt = time.time() + FIRST_DELAY * float(self._jitter.uniform(0.5, 1.0))
        self.connected = False

    def _published(self, client: Client, data: Any, mid: int, reason: Any, properties: Any) -> None:
        message = self._in_flight.pop(mid, None)
        if message is not None:
            self._on_acknowledged(message, not reason.is_failure)
        elif reason.is_failure:
            self.not_taken += 1

    def _heard(self, client: Client, data: Any, message: MQTTMessage) -> None:
        if self._ears:
            self._ears.heard(read_message(message))

    def _subscribed(self, client: Client, data: Any, mid: int, reasons: Sequence[ReasonCode], properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._fatal = BrokerError(f"the broker {self._broker} does not let {self.devices[0]} hear its commands")

    def _socket_opened(self, client: Client, data: Any, socket: Any) -> None:
        # An answer follows at once on the acknowledgement of its request: it must not wait 40 ms for that one's.
        socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._selector.register(socket, selectors.EVENT_READ, self)

    def _socket_closed(self, client: Client, data: Any, socket: Any) -> None:
        if socket in self._selector.get_map():
            self._selector.unregister(socket)
