"""The broker's stream, cut into packets wherever the network cut it."""

import contextlib
import itertools
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.message import Message, make_delivery
from ingest.packets import PacketReader, ProtocolError, acknowledgements

NOW = datetime(2026, 1, 31, tzinfo=UTC)
CONNACK = b"\x20\x03\x00\x00\x00"
PINGRESP = b"\xd0\x00"


def variable(number):
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def publish(topic, payload, message_id=None, properties=b"", flags=0):
    """A PUBLISH of QoS 1, or of QoS 0 without a message id."""
    body = struct.pack(">H", len(topic)) + topic
    body += struct.pack(">H", message_id) if message_id else b""
    body += variable(len(properties)) + properties + payload
    return bytes([0x30 | (2 if message_id else 0) | flags]) + variable(len(body)) + body


def read(stream, cuts=()):
    """What a reader makes of a stream that comes in pieces."""
    reader = PacketReader(7, {})
    messages, others = [], b""
    edges = [0, *sorted(cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        arrived = reader.feed(stream[start:end], NOW)
        messages += arrived.messages
        others += arrived.others
    return messages, others


TOPICS = st.text(min_size=1, max_size=30).map(str.encode)
PUBLISHES = st.tuples(
    TOPICS, st.binary(max_size=300) | st.just(b"x" * 20_000), st.none() | st.integers(1, 65535), st.binary(max_size=200)
)
OTHERS = st.sampled_from([CONNACK, PINGRESP, b"\xe0\x81\x01" + bytes(129)])


@given(st.lists(PUBLISHES | OTHERS, max_size=12), st.data())
def test_whatever_the_cuts_every_message_and_every_other_packet_comes_whole_and_in_order(packets, data):
    stream = b"".join(packet if isinstance(packet, bytes) else publish(*packet) for packet in packets)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))

    messages, others = read(stream, cuts)

    sent = [packet for packet in packets if not isinstance(packet, bytes)]
    assert messages == [
        Message(topic.decode(), payload, NOW, make_delivery(7, message_id) if message_id else None)
        for topic, payload, message_id, _ in sent
    ]
    assert others == b"".join(packet for packet in packets if isinstance(packet, bytes))


@given(st.binary(max_size=200))
def test_no_stream_does_more_than_end_the_connection(stream):
    with contextlib.suppress(ProtocolError):
        read(stream, range(0, len(stream), 7))


def test_repeated_and_retained_messages_are_messages():
    messages, _ = read(publish(b"t", b"1", 5, flags=0x08) + publish(b"t", b"2", 6, flags=0x01))

    assert [message.payload for message in messages] == [b"1", b"2"]


def test_a_topic_that_is_not_text_is_a_message_still():
    ((message,), _) = read(publish(b"\xff\xfe", b"1", 5))

    assert message.topic == "(a topic that is not UTF-8)"
    assert message.delivery == make_delivery(7, 5)


@pytest.mark.parametrize(
    "stream",
    [
        publish(b"t", b"1", 5, flags=0x04),
        publish(b"", b"1", 5),
        b"\x32\x01\x00",
        b"\x32\x03\x00\x01t",
        b"\x32\x05\x00\x01t\x00\x05",
        b"\x32\x06\x00\x01t\x00\x05\x09",
        b"\x32\x06\x00\x01t\x00\x05\x80",
        b"\x32\xff\xff\xff\xff\x01",
    ],
    ids=["QoS 2", "no topic", "no topic length", "no message id", "no properties", "short", "half a length", "length"],
)
def test_what_no_broker_may_send_ends_the_connection(stream):
    with pytest.raises(ProtocolError):
        read(stream + PINGRESP[:0])


def test_acknowledgements_keep_the_order():
    assert acknowledgements([1, 0x1234]) == b"\x40\x02\x00\x01\x40\x02\x12\x34"
