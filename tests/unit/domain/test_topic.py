"""Whom a topic names."""

import pytest

from domain.topic import sender_of


@pytest.mark.parametrize(
    ("topic", "sender"),
    [
        ("devices/press-17/telemetry", "press-17"),
        ("devices/press-17", "press-17"),
        ("spBv1.0/plant/NDATA/edge", "edge"),
        ("spBv1.0/plant/DDATA/edge/pump", "edge:pump"),
        ("spBv1.0/plant/DDATA/edge/pump/more", ""),
        ("spBv1.0/plant/STATE", ""),
        ("devices/bad name/telemetry", ""),
        ("other/press-17", ""),
        ("", ""),
    ],
)
def test_the_sender_is_the_device_that_the_topic_is_about(topic, sender):
    assert sender_of(topic) == sender
