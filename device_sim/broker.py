"""The broker's address, and an MQTT 5 client made for a device."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device_sim.errors import InvalidSimulationError

PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEPALIVE = 15
SESSION_EXPIRY = 3600
"""Seconds that the broker remembers a device that went away: a resent message keeps its packet id, requests wait."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who the devices are to it."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def parse_broker_url(url: str, ca_file: Path | None = None) -> Broker:
    """Read `mqtt(s)://USER:PASSWORD@HOST:PORT`. Raises InvalidSimulationError, never with the password."""
    mend = "give mqtt://USER:PASSWORD@HOST:PORT or mqtts://..."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidSimulationError(f"the broker's address is wrong ({error}): {mend}") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise InvalidSimulationError(f"the broker's address has no mqtt:// or no host: {mend}")
    if ca_file is not None and not ca_file.is_file():
        raise InvalidSimulationError(f"the broker's certificate authority {ca_file} is not a file")
    user, password = (unquote(text) if text else None for text in (parts.username, parts.password))
    return Broker(parts.hostname, port or PORTS[parts.scheme], parts.scheme == "mqtts", user, password, ca_file)


def make_client(client_id: str, broker: Broker, *, keep_session: bool = False) -> Client:
    """A client that is not connected yet; `reconnect()` connects it.

    keep_session: take up what the broker kept for this client id, requests that came while it was away above all.
    """
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5)
    client.max_inflight_messages_set(0)  # the connection keeps its own window, as the broker's CONNACK allows
    client.connect_timeout = 3.0
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        client.tls_set_context(ssl.create_default_context(cafile=str(broker.ca_file) if broker.ca_file else None))
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_EXPIRY
    clean_start = False if keep_session else MQTT_CLEAN_START_FIRST_ONLY
    client.connect_async(broker.host, broker.port, KEEPALIVE, clean_start=clean_start, properties=properties)
    return client
