"""Tries out whether a broker is fit for ingest, on a session of its own that is gone afterwards."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from paho.mqtt.client import Client

from domain.broker import BrokerAddress
from domain.errors import ConfigurationError, UnavailableError
from ingest.broker import connect, make_client

ANSWER_SECONDS = 10.0
QUIET_SECONDS = 2.0
"""When nothing has come for so long, nothing more will."""
KEPT = 1500
"""More than Mosquitto keeps for a session unless told otherwise."""
PROBE_EXPIRY = timedelta(minutes=1)


def check_login(address: BrokerAddress, session_expiry: timedelta) -> str:
    """What the broker grants, in a few words.

    Raises UnavailableError when it does not answer, and ConfigurationError when it refuses us or what ingest needs.
    """
    with _connected(address, f"aftercare-doctor-{secrets.token_hex(6)}", session_expiry) as (client, granted):
        client.disconnect()
    if not getattr(granted, "SharedSubscriptionAvailable", 1):
        raise ConfigurationError(f"{address} has no shared subscriptions: ingest needs them; choose another broker")
    if getattr(granted, "MaximumQoS", 2) < 1:
        raise ConfigurationError(f"{address} has no QoS 1: what it loses is lost; choose another broker")
    expiry = getattr(granted, "SessionExpiryInterval", None)
    if expiry is not None and expiry < session_expiry.total_seconds():
        raise ConfigurationError(
            f"{address} keeps a session for {timedelta(seconds=expiry)} only: raise its limit (Mosquitto: "
            "persistent_client_expiration), or lower AFTERCARE_INGEST_SESSION_EXPIRY"
        )
    return f"{address} lets us in"


def check_queue(address: BrokerAddress) -> str:
    """Publish messages to a session that is away, and count what it gets when it is back.

    Raises ConfigurationError when any is gone, UnavailableError when the broker does not answer.
    """
    name = f"aftercare-doctor-{secrets.token_hex(6)}"
    topic = f"devices/{name}/probe"
    with _connected(address, name, PROBE_EXPIRY) as (client, _):
        _await(client, "on_subscribe", lambda: client.subscribe(topic, 1))
        client.disconnect()
    with _connected(address, f"{name}-sender", timedelta(0)) as (client, _):
        sent = [client.publish(topic, b"%d" % number, qos=1) for number in range(KEPT)]
        for message in sent:
            message.wait_for_publish(ANSWER_SECONDS)
        if not all(message.is_published() for message in sent):
            raise UnavailableError(f"{address} does not take {KEPT} messages within {ANSWER_SECONDS:.0f} s")
        client.disconnect()
    arrived = _collect(address, name)
    if arrived < KEPT:
        raise ConfigurationError(
            f"{address} kept {arrived} of {KEPT} messages for a session that was away: set its limit off (Mosquitto: "
            "max_queued_messages 0), or what devices send is lost while ingest is away"
        )
    return f"{address} keeps {KEPT} messages and more for a session that is away; over a restart only with persistence"


def _collect(address: BrokerAddress, name: str) -> int:
    """How many different messages wait for the session, which ends with this."""
    payloads: set[bytes] = set()
    latest = time.monotonic()

    def note(client: Client, _data: Any, message: Any) -> None:
        nonlocal latest
        latest = time.monotonic()
        payloads.add(message.payload)
        client.ack(message.mid, message.qos)

    with _connected(address, name, timedelta(0), on_message=note) as (client, _):
        latest = time.monotonic()
        while len(payloads) < KEPT and time.monotonic() - latest < QUIET_SECONDS:
            time.sleep(0.02)
        client.disconnect()
    return len(payloads)


@contextmanager
def _connected(
    address: BrokerAddress, client_id: str, session_expiry: timedelta, on_message: Any = None
) -> Iterator[tuple[Client, Any]]:
    """A client that the broker has let in, and what it was granted."""
    client = make_client(address, client_id)
    client.on_message = on_message

    def begin() -> None:
        connect(client, address, session_expiry=session_expiry, receive_maximum=100)
        client.loop_start()

    try:
        try:
            _flags, reason, granted = _await(client, "on_connect", begin)
        except OSError as error:
            raise UnavailableError(f"cannot connect to {address}: {error.strerror or error}") from error
        if reason.is_failure:
            raise ConfigurationError(
                f"{address} refuses us: {reason}; check the user and password in AFTERCARE_MQTT_URL"
            )
        yield client, granted
    finally:
        client.loop_stop()


def _await(client: Client, callback: str, begin: Any) -> Any:
    """Begin something, and give what its callback is told, without client and user data."""
    answered = threading.Event()
    answer: list[Any] = []

    def note(_client: Client, _data: Any, *told: Any) -> None:
        answer[:] = answer or told
        answered.set()

    setattr(client, callback, note)
    begin()
    if not answered.wait(ANSWER_SECONDS):
        raise UnavailableError(f"the broker does not answer within {ANSWER_SECONDS:.0f} s")
    return answer
