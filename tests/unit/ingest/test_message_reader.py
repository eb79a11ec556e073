"""Which messages take the short way."""

from datetime import UTC, datetime

import orjson
import pytest

from ingest.codecs import Decoded
from ingest.message import Message, Packed
from ingest.message_reader import MessageReader
from store.devices import DeviceRef

NOON = 1_769_860_800_000


@pytest.fixture
def reading(catalog):
    """A complete reading of a compressor, which nothing but the topic keeps from the short way."""
    return {"ts": NOON, "values": {channel.name: 1.5 for channel in catalog["compressor"].channels}}


def message(topic, document):
    return Message(topic, orjson.dumps(document), datetime(2026, 2, 1, tzinfo=UTC))


def test_the_first_message_of_a_known_device_takes_the_short_way(catalog, reading):
    device = DeviceRef(7, "compressor")

    incoming = MessageReader({"a": device}, catalog).read(message("devices/a/telemetry", reading))

    assert isinstance(incoming.content, Packed)
    assert incoming.content.device is device


def test_a_device_takes_the_short_way_from_when_it_is_known_and_under_the_id_it_has_now(catalog, reading):
    devices = {}
    reader = MessageReader(devices, catalog)
    sent = message("devices/a/telemetry", reading)

    def device_id():
        content = reader.read(sent).content
        return content.device.device_id if isinstance(content, Packed) else None

    assert device_id() is None
    devices["a"] = DeviceRef(7, "compressor")
    assert device_id() == 7
    devices["a"] = DeviceRef(8, "compressor")
    assert device_id() == 8
    del devices["a"]
    assert device_id() is None


@pytest.mark.parametrize(
    "topic", ["devices/a/senml", "devices/a/b/telemetry", "a", "a/telemetry", "devices/a", "devices/b/telemetry"]
)
def test_other_topics_are_left_to_their_codecs(catalog, reading, topic):
    devices = {"a": DeviceRef(7, "compressor"), "b": DeviceRef(8, "a model without a catalog file")}

    assert not isinstance(MessageReader(devices, catalog).read(message(topic, reading)).content, Packed)


@pytest.mark.parametrize(("change", "kind"), [({"load": 2}, Packed), ({}, Packed), ({"unheard_of": 2}, Decoded)])
def test_channels_may_be_left_out_but_none_may_be_undeclared(catalog, reading, change, kind):
    del reading["values"]["load"]
    reading["values"] |= change

    incoming = MessageReader({"a": DeviceRef(7, "compressor")}, catalog).read(message("devices/a/telemetry", reading))

    assert isinstance(incoming.content, kind)
