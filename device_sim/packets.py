"""Between MQTT 5 packets as paho has them and what the devices say and hear."""

from __future__ import annotations

from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device_sim.remote.wire import Incoming, Utterance


def read_message(message: MQTTMessage) -> Incoming:
    """The message with the properties that a request has."""
    properties = message.properties
    return Incoming(
        message.topic,
        bytes(message.payload),
        getattr(properties, "ResponseTopic", None),
        getattr(properties, "CorrelationData", None),
        getattr(properties, "MessageExpiryInterval", None),
    )


def publish_properties(said: Utterance) -> Properties | None:
    """Correlation data and user properties; None when there are none of either."""
    if said.correlation is None and not said.user:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if said.correlation is not None:
        properties.CorrelationData = said.correlation
    if said.user:
        properties.UserProperty = list(said.user)
    return properties
