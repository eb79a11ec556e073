"""The limit: the same devices asked by a bare paho client, which stores nothing and believes everything."""

from __future__ import annotations

import json
import queue
import secrets
import threading
import time
from collections.abc import Sequence
from socket import IPPROTO_TCP, TCP_NODELAY

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage, MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


class BareAsker:
    """Sends requests and waits for their last answers."""

    def __init__(self, port: int) -> None:
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        self._client.max_inflight_messages_set(0)
        self._client.on_message = self._heard
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_socket_open = lambda _client, _data, opened: opened.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("devices/+/commands/+/response", qos=1)
        self._client.loop_start()
        assert subscribed.wait(10), "the broker does not answer"

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def ask(self, devices: Sequence[str]) -> float:
        """Seconds until each of them has ended a snapshot, all asked at once."""
        began = time.perf_counter()
        asked = {self._send(device) for device in devices}
        while asked:
            asked.discard(self._ended.get(timeout=60))
        return time.perf_counter() - began

    def _send(self, device: str) -> str:
        number = secrets.token_hex(8)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = f"devices/{device}/commands/{number}/response"
        properties.CorrelationData = secrets.token_bytes(16)
        properties.MessageExpiryInterval = 60
        body = json.dumps({"id": number, "command": "snapshot", "arguments": {}})
        self._client.publish(f"devices/{device}/commands/{number}/request", body, qos=1, properties=properties)
        return number

    def _heard(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if b'"succeeded"' in message.payload:
            self._ended.put(message.topic.split("/")[3])
