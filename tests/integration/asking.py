"""Asks devices over the broker as the platform does, for the tests of what devices answer."""

import json
import queue
import secrets
import threading
import time
from urllib.parse import urlsplit

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

DEADLINE = 60.0


class Platform:
    """Asks the devices as the platform does, and keeps what they say by topic."""

    def __init__(self, url):
        self._heard = {}
        self._lock = threading.Lock()
        subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        self.client.on_message = self._keep
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect(urlsplit(url).hostname, urlsplit(url).port)
        self.client.subscribe([(f"devices/+/{tail}", 1) for tail in ("commands/+/response", "twin/reported", "status")])
        self.client.subscribe("devices/+/telemetry", 1)
        self.client.loop_start()
        assert subscribed.wait(DEADLINE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    def _keep(self, _client, _data, message):
        self.heard(message.topic).put(message)

    def heard(self, topic):
        with self._lock:
            return self._heard.setdefault(topic, queue.Queue())

    def ask(self, device, command, number=None, *, arguments=None, payload=None, response_topic=None):
        """Send a request; gives its id and its correlation data."""
        number, correlation = number or secrets.token_hex(8), secrets.token_bytes(16)
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = response_topic or f"devices/{device}/commands/{number}/response"
        properties.CorrelationData = correlation
        properties.MessageExpiryInterval = 60
        body = {"id": number, "command": command, "arguments": arguments or {}, "expires": 0}
        self.client.publish(
            f"devices/{device}/commands/{number}/request", payload or json.dumps(body), 1, properties=properties
        )
        return number, correlation

    def next(self, topic):
        return self.heard(topic).get(timeout=DEADLINE)

    def answers(self, device, number, correlation=None):
        """The steps to the last one, and the parts of uploads among them."""
        steps, parts = [], []
        while not steps or steps[-1]["state"] not in ("succeeded", "failed"):
            message = self.next(f"devices/{device}/commands/{number}/response")
            assert correlation is None or message.properties.CorrelationData == correlation
            if hasattr(message.properties, "UserProperty"):
                parts.append((dict(message.properties.UserProperty), message.payload))
            else:
                steps.append(json.loads(message.payload))
        return steps, parts

    def do(self, device, command, **arguments):
        """The last answer to a command."""
        return self.answers(device, *self.ask(device, command, arguments=arguments))[0][-1]

    def reported(self, device, wanted):
        """The first report that is as wanted."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            report = json.loads(self.next(f"devices/{device}/twin/reported").payload)
            if wanted(report):
                return report
        raise AssertionError(f"no such report of {device}")

    def desire(self, device, version, desired):
        body = json.dumps({"version": version, "desired": desired})
        self.client.publish(f"devices/{device}/twin/desired", body, 1, retain=True)

    def forget(self, device):
        """Clear what the broker retains of a device."""
        for topic in ("status", "twin/desired"):
            self.client.publish(f"devices/{device}/{topic}", b"", 1, retain=True).wait_for_publish(DEADLINE)
