"""Devices that speak MQTT only, and the process that speaks with them."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from aftercare.broker_address import parse_broker_url
from aftercare.wiring import Catalog
from diagnostics import commands
from diagnostics.commands import Wish
from diagnostics.metrics import DiagnosticsMetrics
from diagnostics.service import Diagnostics
from domain.account import Role
from domain.clock import system_clock
from domain.command import Command, CommandState
from domain.device import Device
from store import commands as stored
from store import devices
from store.database import Database

LONG_AGO = 1_769_860_800_000


@dataclass
class Devices:
    """Any number of devices in one client of the open broker; what they do with a request is theirs to say."""

    client: Client
    prefix: str
    requests: list[MQTTMessage] = field(default_factory=list)
    executed: Counter[str] = field(default_factory=Counter)
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    answer: bool = True
    ends: dict[str, Any] = field(default_factory=lambda: {"state": "succeeded"})

    def receive(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        """Carries out every request that was sent, so that one sent twice shows; what the broker itself brings again,
        marked as such, is answered again only, as docs/wire.md wants it."""
        device, wire_id = message.topic.split("/")[1], message.topic.split("/")[3]
        if not device.startswith(self.prefix):
            return
        self.requests.append(message)
        if not self.answer:
            return
        if not (message.dup and wire_id in self.executed):
            self.executed[wire_id] += 1
        for told in ({"state": "acknowledged"}, {"state": "running"}, self.ends):
            self.tell(message, **told)

    def tell(self, request: MQTTMessage, *, topic: str = "", correlation: bytes | None = None, **told: Any) -> None:
        """One step of an answer."""
        document = {"ts": LONG_AGO, **told}
        self.send(request, orjson.dumps(document), topic=topic, correlation=correlation)

    def send(
        self,
        request: MQTTMessage,
        payload: bytes,
        *,
        topic: str = "",
        correlation: bytes | None = None,
        user: list[tuple[str, str]] | None = None,
    ) -> None:
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = correlation or request.properties.CorrelationData
        if user:
            properties.UserProperty = user
        self.client.publish(topic or request.properties.ResponseTopic, payload, qos=1, properties=properties)

    def upload(self, request: MQTTMessage, content: bytes, *, size: int = 100, leave_out: int = 0) -> dict[str, Any]:
        """Send a file in parts, but for one; what the result says of it."""
        digest = hashlib.sha256(content).hexdigest()
        pieces = [content[at : at + size] for at in range(0, len(content), size)]
        for number, piece in enumerate(pieces, 1):
            if number != leave_out:
                user = [
                    ("part", str(number)),
                    ("parts", str(len(pieces))),
                    ("sha256", digest),
                    ("name", "device.log"),
                    ("content-type", "text/plain"),
                ]
                self.send(request, piece, user=user)
        return {"name": "device.log", "size": len(content), "sha256": digest, "parts": len(pieces)}

    def report(self, device: str, **document: Any) -> None:
        self.client.publish(f"devices/{device}/twin/reported", orjson.dumps(document), qos=1)


@dataclass
class Station:
    """A database with devices, and ways to ask and to look."""

    database: Database
    catalog: Catalog
    devices: Devices
    mqtt_url: str

    def register(self, count: int = 1) -> list[str]:
        names = [f"{self.devices.prefix}-{number}" for number in range(count)]
        with self.database.transaction() as connection:
            devices.save(connection, [Device(name, "heat_pump", service_centre="north") for name in names])
        self.bring_online(names)
        return names

    def bring_online(self, names: list[str]) -> None:
        """As ingest does when it hears them."""
        self.rows("UPDATE devices SET connectivity = 'online' WHERE name = ANY(%s)", names)

    def ask(self, device: str, command: str = "snapshot", **wish: Any) -> Command:
        with self.database.transaction() as connection:
            return commands.request(
                connection,
                self.catalog,
                device,
                Wish(command, wish.pop("arguments", {}), **wish),
                who="anna",
                role=Role.ADMIN,
                now=system_clock(),
            )

    def get(self, command_id: int) -> Command:
        with self.database.transaction() as connection:
            return stored.get(connection, command_id)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def rejected(self) -> list[str]:
        """Labels of what was refused."""
        return [reason.partition(":")[0] for (reason,) in self.rows("SELECT reason FROM rejected_messages")]

    def ended(self, command_id: int) -> Command:
        """The command once it has ended."""
        wait_for(lambda: self.get(command_id).state.is_final)
        return self.get(command_id)

    def sent(self, command_id: int) -> MQTTMessage:
        """The request, once the broker is known to have it and the device has got it."""
        wait_for(lambda: self.get(command_id).state is CommandState.SENT and bool(self.devices.requests))
        return self.devices.requests[-1]

    @contextmanager
    def speaking(self) -> Iterator[Diagnostics]:
        """The process that speaks with devices runs in this block, and has subscribed."""
        process = speaking_process(self)
        metrics = process.metrics
        stop = threading.Event()
        thread = threading.Thread(target=process.run, args=(stop, lambda: None))
        thread.start()
        try:
            wait_for(lambda: metrics.registry.get_sample_value("aftercare_diagnostics_connected") == 1)
            yield process
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive()


def speaking_process(station: Station) -> Diagnostics:
    """What `aftercare diagnostics` runs, to be run in a thread."""
    address = parse_broker_url(station.mqtt_url)
    return Diagnostics(
        station.database,
        address,
        system_clock,
        timedelta(minutes=5),
        DiagnosticsMetrics(station.database, system_clock),
    )


def wait_for(there: Callable[[], bool], within: float = 60.0) -> None:
    """Poll until it is there."""
    deadline = time.monotonic() + within
    while not there():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


@contextmanager
def station_at(database_url: str, mqtt_url: str, catalog: Catalog, prefix: str) -> Iterator[Station]:
    """Devices at the broker, which come back by themselves when it restarts; the process does not run yet."""
    address = parse_broker_url(mqtt_url)
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"{prefix}-devices", protocol=MQTTv5)
    client.reconnect_delay_set(1, 1)
    fleet = Devices(client, prefix)
    subscribed = threading.Event()
    client.on_message = fleet.receive
    client.on_subscribe = lambda *_: subscribed.set()
    stays = Properties(PacketTypes.CONNECT)  # begun with a clean start, Mosquitto would not keep it over a restart
    stays.SessionExpiryInterval = 600
    client.connect(address.host, address.port, clean_start=False, properties=stays)
    client.loop_start()
    client.subscribe("devices/+/commands/+/request", qos=1)
    assert subscribed.wait(10)
    with Database(database_url) as database:
        yield Station(database, catalog, fleet, mqtt_url)
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def station(database_url: str, mqtt_url: str, catalog: Catalog, device_prefix: str) -> Iterator[Station]:
    """Devices at the broker; the process does not run yet."""
    with station_at(database_url, mqtt_url, catalog, device_prefix) as found:
        yield found


@pytest.fixture
def speaking_station(station: Station) -> Iterator[Station]:
    """The process runs."""
    with station.speaking():
        yield station
