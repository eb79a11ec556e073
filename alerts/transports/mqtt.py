"""Publishes alarm changes with QoS 1 and waits until the broker has confirmed each; see `alarm_topic`."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import orjson
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessageInfo, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from domain.errors import UnavailableError
from store.outbox import FeedEntry

KEEPALIVE = 30
CONFIRMED_WITHIN = 10.0
"""Seconds that the broker has for a handshake or for the confirmations of one batch."""


class MqttTransport:
    """A connection to the broker, made when it is first needed and again after it broke."""

    name = "mqtt"

    def __init__(
        self,
        *,
        host: str,
        port: int,
        tls: bool = False,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._tls, self._ca_file = tls, ca_file
        self._username, self._password = username, password
        self._client: Client | None = None
        self._answered = threading.Event()
        self._problem: str | None = None

    def deliver(self, entries: Sequence[FeedEntry]) -> None:
        """Publish these alarm changes in order and return when the broker has confirmed all of them.

        Raises UnavailableError when it did not; some may have arrived then, and all are to be delivered again.
        """
        try:
            client = self._client or self._connect()
            confirmations = [client.publish(alarm_topic(entry), alarm_payload(entry), qos=1) for entry in entries]
            self._await(client, confirmations)
        except UnavailableError:
            self.close()
            raise

    def close(self) -> None:
        """Leave the broker; `deliver` connects again."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None

    def _connect(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5, reconnect_on_failure=False)
        client.on_connect, client.on_disconnect, client.on_publish = self._connected, self._lost, self._confirmed
        if self._username is not None:
            client.username_pw_set(self._username, self._password)
        self._answered.clear()
        self._problem = None
        try:
            if self._tls:
                client.tls_set(ca_certs=str(self._ca_file) if self._ca_file else None)
            client.connect(self._host, self._port, KEEPALIVE)
        except OSError as error:
            raise self._unavailable(str(error)) from error
        self._client = client
        client.loop_start()
        if not self._answered.wait(CONFIRMED_WITHIN):
            raise self._unavailable("no answer to CONNECT")
        self._check()
        return client

    def _await(self, client: Client, confirmations: Sequence[MQTTMessageInfo]) -> None:
        deadline = time.monotonic() + CONFIRMED_WITHIN
        for confirmation in confirmations:
            while True:
                self._check()
                try:
                    confirmation.wait_for_publish(0.5)
                except (RuntimeError, ValueError) as error:
                    raise self._unavailable(str(error)) from error
                if confirmation.is_published():
                    break
                if time.monotonic() > deadline or not client.is_connected():
                    raise self._unavailable("messages were not confirmed")
        self._check()

    def _check(self) -> None:
        if self._problem is not None:
            raise self._unavailable(self._problem)

    def _unavailable(self, reason: str) -> UnavailableError:
        return UnavailableError(
            f"cannot publish alarms at {self._host}:{self._port}: {reason}. Check AFTERCARE_MQTT_URL, that the broker "
            "runs and that its user may write to alarms/#"
        )

    def _connected(
        self, _client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._problem = f"the broker answers {code}"
        self._answered.set()

    def _lost(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._problem = self._problem or f"the connection was lost ({code})"
        self._answered.set()

    def _confirmed(
        self, _client: Client, _data: object, _mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._problem = f"the broker refuses a message: {code}"


def alarm_topic(entry: FeedEntry) -> str:
    """Where the change is published. No device has a slash in its name, so the kinds never meet; the names of a site
    are percent-encoded, because people write slashes and MQTT's wildcards into them."""
    alarm = entry.payload
    if alarm["device"] is not None:
        return f"alarms/{alarm['device']}"
    if alarm["device_model"]:
        return f"alarms/models/{alarm['device_model']}"
    return f"alarms/sites/{quote(alarm['customer'], safe='') or '-'}/{quote(alarm['site'], safe='') or '-'}"


def alarm_payload(entry: FeedEntry) -> bytes:
    """The change as JSON with its number in the feed, by which a receiver knows a repeated delivery."""
    return orjson.dumps({"feed_seq": entry.feed_seq, **entry.payload})
