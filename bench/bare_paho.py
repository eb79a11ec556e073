"""A paho subscriber that acknowledges and counts, in a process of its own: `python -m bench.bare_paho PORT MESSAGES`.

Prints the seconds from the first message to the last. With 0 messages it makes the session and leaves it.
"""

from __future__ import annotations

import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


def count(port: int, messages: int) -> float:
    """Read so many messages of a session that outlives the connection."""
    first = last = 0.0
    left = messages

    def on_message(client: mqtt.Client, _: object, _message: mqtt.MQTTMessage) -> None:
        nonlocal first, last, left
        first = first or time.perf_counter()
        left -= 1
        if left == 0:
            last = time.perf_counter()
            client.disconnect()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bare-paho", protocol=mqtt.MQTTv5)
    client.on_message = on_message
    client.on_subscribe = lambda *_: client.disconnect() if messages == 0 else None
    client.on_connect = lambda *_: client.subscribe("devices/+/telemetry", 1)
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wishes.SessionExpiryInterval = 3600 if messages == 0 else 0
    wishes.ReceiveMaximum = 20_000
    client.connect("127.0.0.1", port, clean_start=False, properties=wishes)
    client.loop_forever()
    return last - first


if __name__ == "__main__":
    print(count(int(sys.argv[1]), int(sys.argv[2])))
