"""The address of the broker, and an MQTT client made for ingest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from domain.errors import ConfigurationError

PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEPALIVE = 60
MAX_EXPIRY = 0xFFFFFFFE


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def parse_broker_url(url: str | None, ca_file: Path | None = None) -> BrokerAddress:
    """Read AFTERCARE_MQTT_URL. Raises ConfigurationError, never with the password."""
    if url is None:
        raise ConfigurationError(
            "AFTERCARE_MQTT_URL is not set: give mqtt://USER:PASSWORD@HOST:PORT, "
            "or run 'aftercare up', which brings its own broker"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"AFTERCARE_MQTT_URL is not an address: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/"):
        raise ConfigurationError("AFTERCARE_MQTT_URL is wrong: give mqtt(s)://USER:PASSWORD@HOST:PORT")
    if ca_file is not None and not ca_file.is_file():
        raise ConfigurationError(f"AFTERCARE_MQTT_CA_FILE names {ca_file}, which is not a file")
    return BrokerAddress(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ca_file=ca_file,
    )


def make_client(address: BrokerAddress, client_id: str, link: object) -> Client:
    """A client that acknowledges only when told to; `link` is what its callbacks get."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, userdata=link, protocol=MQTTv5, manual_ack=True)
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set(ca_certs=str(address.ca_file) if address.ca_file else None)
    return client


def connect(client: Client, address: BrokerAddress, *, session_expiry: timedelta, receive_maximum: int) -> None:
    """Open the connection and ask for the session that outlives it. Raises OSError."""
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wishes.SessionExpiryInterval = min(int(session_expiry.total_seconds()), MAX_EXPIRY)
    wishes.ReceiveMaximum = min(receive_maximum, 0xFFFF)
    client.connect(address.host, address.port, KEEPALIVE, clean_start=False, properties=wishes)
