"""An MQTT client made for ingest."""

from __future__ import annotations

from datetime import timedelta

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from domain.broker import BrokerAddress

KEEPALIVE = 60
MAX_EXPIRY = 0xFFFFFFFE


def make_client(address: BrokerAddress, client_id: str) -> Client:
    """A client that acknowledges only when told to."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5, manual_ack=True)
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set(ca_certs=str(address.ca_file) if address.ca_file else None)
    return client


def connect(
    client: Client,
    address: BrokerAddress,
    *,
    session_expiry: timedelta,
    receive_maximum: int,
    clean_start: bool = False,
) -> None:
    """Open the connection and ask for the session that outlives it, `clean_start` for a new one. Raises OSError."""
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wishes.SessionExpiryInterval = min(int(session_expiry.total_seconds()), MAX_EXPIRY)
    wishes.ReceiveMaximum = min(receive_maximum, 0xFFFF)
    client.connect(address.host, address.port, KEEPALIVE, clean_start=clean_start, properties=wishes)
