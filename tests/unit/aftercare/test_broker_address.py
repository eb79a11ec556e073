"""The broker's address."""

import pytest

from aftercare.broker_address import parse_broker_url
from domain.broker import BrokerAddress
from domain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", BrokerAddress("broker", 1883)),
        ("mqtt://broker:99/", BrokerAddress("broker", 99)),
        ("mqtts://me:p%40ss@broker", BrokerAddress("broker", 8883, True, "me", "p@ss")),
    ],
)
def test_addresses(url, address):
    assert parse_broker_url(url) == address


@pytest.mark.parametrize(
    "url", [None, "", "broker:1883", "http://broker", "mqtt://", "mqtt://broker:port", "mqtt://b/x"]
)
def test_what_is_no_address_names_the_setting(url):
    with pytest.raises(ConfigurationError, match="AFTERCARE_MQTT_URL"):
        parse_broker_url(url)


def test_the_password_is_never_shown():
    assert "secret" not in str(parse_broker_url("mqtt://me:secret@broker"))
    with pytest.raises(ConfigurationError) as caught:
        parse_broker_url("mqtt://me:secret@broker/path")
    assert "secret" not in str(caught.value)


def test_a_missing_certificate_authority_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="AFTERCARE_MQTT_CA_FILE"):
        parse_broker_url("mqtts://broker", tmp_path / "none.pem")
