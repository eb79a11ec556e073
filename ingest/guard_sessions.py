"""Short conversations with the broker: makes a session that only keeps messages, ends it, and asks how long it runs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.broker import connect, make_client
from ingest.sessions import Sessions

ANSWER_SECONDS = 3.0
UPTIME_TOPIC = "$SYS/broker/uptime"
UPTIME_SECONDS = 1.0
"""The broker keeps the answer ready, or never gives one: it has no such topic, or we may not read it."""


def make_session(sessions: Sessions, name: str) -> None:
    """Begin a session that keeps every message which the group shares, and leave it. Raises OSError.

    Without a clean start, for Mosquitto does not save over its restart what began with one.
    """
    # Retained messages are none of its business: ingest heard them when they were sent.
    options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
    subscriptions = [(topic_filter, options) for topic_filter in sessions.shared_filters]
    _Talk(sessions, name, subscriptions, lasting=sessions.expiry).run()


def end_session(sessions: Sessions, name: str) -> None:
    """End a session with all that is in it, if there is one. Raises OSError."""
    _Talk(sessions, name, []).run()


def broker_uptime(sessions: Sessions, name: str) -> timedelta | None:
    """For how long the broker has run without a restart, at least; None when it does not tell. Raises OSError."""
    talk = _Talk(sessions, name, [(UPTIME_TOPIC, SubscribeOptions(qos=0))])
    talk.run(wait_for=lambda: talk.said is not None)
    told = re.match(rb"(\d+) seconds", talk.said or b"")
    return timedelta(seconds=int(told[1])) if told else None


class _Talk:
    """One connection: subscribe, perhaps wait for a message, and leave.

    Unless `lasting`, its session begins and ends with it, and a former one of that name is gone.
    """

    def __init__(
        self,
        sessions: Sessions,
        name: str,
        subscriptions: Sequence[tuple[str, SubscribeOptions]],
        *,
        lasting: timedelta = timedelta(0),
    ) -> None:
        self.said: bytes | None = None
        self._done = False
        self._problem = ""
        self._subscriptions = subscriptions
        self._client = make_client(sessions.address, name)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        connect(self._client, sessions.address, session_expiry=lasting, receive_maximum=1, clean_start=not lasting)

    def run(self, wait_for: Callable[[], bool] | None = None) -> None:
        """Talk to the end. Raises OSError when the broker refuses or does not answer."""
        try:
            if not self._loop(lambda: self._done, ANSWER_SECONDS):
                raise ConnectionError(self._problem or f"the broker did not answer within {ANSWER_SECONDS:.0f} s")
            if wait_for is not None:
                self._loop(wait_for, UPTIME_SECONDS)
        finally:
            self._client.disconnect()

    def _loop(self, reached: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not reached() and not self._problem and time.monotonic() < deadline:
            if self._client.loop(0.1) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._problem = self._problem or "the broker closed the connection"
        return reached()

    def _on_connect(
        self, client: Client, _: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._problem = f"refused: {reason}"
        elif self._subscriptions:
            client.subscribe(list(self._subscriptions))
        else:
            self._done = True

    def _on_subscribe(
        self, _client: Client, _: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [
            topic_filter
            for (topic_filter, _options), reason in zip(self._subscriptions, reasons, strict=True)
            if reason.is_failure
        ]
        if refused:
            self._problem = f"may not subscribe to {refused[0]}: check the broker's ACL"
        else:
            self._done = True

    def _on_message(self, _client: Client, _: object, message: MQTTMessage) -> None:
        self.said = bytes(message.payload)
