"""Whom a topic names, whatever the message on it says."""

from __future__ import annotations

from domain.device import DEVICE_NAME

BEHIND = ":"
"""Stands between a Sparkplug edge node and a device behind it."""


def sender_of(topic: str) -> str:
    """The device that the topic is about; empty when it names none. `docs/wire.md` lists the topics."""
    match topic.split("/"):
        case ["devices", name, *_] | ["spBv1.0", _, _, name]:
            sender = name
        case ["spBv1.0", _, _, edge_node, name]:
            sender = f"{edge_node}{BEHIND}{name}"
        case _:
            return ""
    return sender if DEVICE_NAME.fullmatch(sender) else ""
