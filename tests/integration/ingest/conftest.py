"""An ingest of its own group on a database of its own, and devices to speak for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from aftercare import wiring
from aftercare.broker_address import parse_broker_url
from aftercare.settings import Settings
from domain.device import Device
from ingest.service import Ingest
from store import devices

MODEL = "turbofan_fd001"


class Bench:
    """An ingest of its own group, its database, and a device to speak for."""

    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    hour = timedelta(hours=1)

    def __init__(self, settings: Settings, prefix: str, publisher: mqtt.Client) -> None:
        self.application = wiring.build(settings)
        self.prefix = prefix
        self.publisher = publisher

    @staticmethod
    def poll(question: Callable[[], object], seconds: float = 60.0) -> None:
        """Ask until the answer is yes, or fail."""
        deadline = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.01)

    @staticmethod
    def count(ingest: Ingest, name: str, **labels: str) -> float:
        """What a metric of that ingest says."""
        return ingest.metrics.registry.get_sample_value(f"aftercare_ingest_{name}", labels) or 0.0

    def reading(self, hour: int, **values: float) -> dict[str, object]:
        return {"ts": (self.noon + hour * self.hour).isoformat(), "values": values}

    @contextmanager
    def running(self) -> Iterator[Ingest]:
        ingest = Ingest(self.application)
        thread = threading.Thread(target=ingest.run)
        thread.start()
        try:
            yield ingest
        finally:
            ingest.stop()
            thread.join(20)
            assert not thread.is_alive()

    @contextmanager
    def subscribed(self) -> Iterator[Ingest]:
        with self.running() as ingest:
            self.poll(lambda: self.count(ingest, "subscribed") == 1)
            yield ingest

    def register(self, *names: str) -> None:
        with self.application.database.transaction() as connection:
            devices.save(connection, [Device(self.prefix + name, MODEL, service_centre="main") for name in names])

    def publish(self, name: str, kind: str, document: object) -> None:
        payload = document if isinstance(document, bytes) else orjson.dumps(document)
        self.publisher.publish(f"devices/{self.prefix}{name}/{kind}", payload, qos=1).wait_for_publish(10)

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with self.application.database.transaction() as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def rejected(self) -> list[tuple[object, ...]]:
        """Topic's end, reason and times; other tests publish on the same broker, and are not looked at."""
        statement = "SELECT topic, reason, times FROM rejected_messages WHERE topic LIKE %s ORDER BY rejected_id"
        skip = len(f"devices/{self.prefix}")
        return [(topic[skip:], *rest) for topic, *rest in self.rows(statement, f"devices/{self.prefix}%")]


@pytest.fixture
def publisher(mqtt_url: str) -> Iterator[mqtt.Client]:
    address = parse_broker_url(mqtt_url)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    if address.username:
        client.username_pw_set(address.username, address.password)
    client.connect(address.host, address.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def settings(database_url: str, mqtt_url: str, device_prefix: str) -> Settings:
    return Settings(
        database_url=database_url,
        mqtt_url=mqtt_url,
        ingest_id=device_prefix,
        ingest_group=device_prefix,
        ingest_session_expiry=timedelta(seconds=60),
    )


@pytest.fixture
def bench(settings: Settings, device_prefix: str, publisher: mqtt.Client) -> Iterator[Bench]:
    bench = Bench(settings, device_prefix, publisher)
    with bench.application.database:
        bench.register("a")
        yield bench
