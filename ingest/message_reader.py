"""Reads messages: the short way where a device's topic is known and the payload allows it, else the ordinary way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain.device_model import DeviceModel
from ingest.clock_check import Horizon, endless
from ingest.codecs.packed_json import RowShape, pack_telemetry
from ingest.message import Incoming, Message, Packed, read
from store.devices import DeviceRef

TOPIC_BEGIN, TOPIC_END = "devices/", "/telemetry"


class Route(NamedTuple):
    """Whose telemetry a topic brings, and how its rows are packed."""

    name: str
    device: DeviceRef
    shape: RowShape


class MessageReader:
    """Learns the telemetry topics of registered devices as their messages come by, from the first one of each on."""

    def __init__(
        self, devices: Mapping[str, DeviceRef], catalog: Mapping[str, DeviceModel], horizon: Horizon = endless
    ) -> None:
        """`devices` are those known at the moment: a route whose device is no longer among them is not taken. What
        lies at the `horizon` or later goes the ordinary way, on which it is refused."""
        self._horizon = horizon
        self._before = horizon()
        self._devices = devices
        self._shapes = {
            name: RowShape([channel.name for channel in device_model.channels])
            for name, device_model in catalog.items()
        }
        self._routes: dict[str, Route] = {}

    def look_at_clock(self) -> None:
        """What is read from now on came before now: asked for some hundred messages at once, for it costs as much as
        one of them."""
        self._before = self._horizon()

    def read(self, message: Message) -> Incoming:
        """What a message says; a mistake in it becomes its content."""
        route = self._routes.get(message.topic)
        if route is None or self._devices.get(route.name) is not route.device:
            route = self._learn(message.topic)
        if route is not None:
            rows = pack_telemetry(message.payload, route.shape, self._before)
            if rows is not None:
                return Incoming(message, Packed(route.device, rows))
        return read(message)

    def _learn(self, topic: str) -> Route | None:
        name = topic.removeprefix(TOPIC_BEGIN).removesuffix(TOPIC_END)
        device = self._devices.get(name)
        if device is None or device.device_model not in self._shapes or topic != TOPIC_BEGIN + name + TOPIC_END:
            return None
        route = self._routes[topic] = Route(name, device, self._shapes[device.device_model])
        return route
