"""Reads the address of the broker from the settings."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from domain.broker import BrokerAddress
from domain.errors import ConfigurationError

PORTS = {"mqtt": 1883, "mqtts": 8883}


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
