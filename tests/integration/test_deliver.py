"""`aftercare deliver` on the real broker: at least once, in order, through an outage, and an orderly end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from aftercare.broker_address import parse_broker_url
from aftercare.embedded.broker import EmbeddedBroker
from alerts import lifecycle
from alerts.delivery import deliver_next, follow
from alerts.delivery_metrics import DeliveryMetrics
from alerts.transports.mqtt import MqttTransport
from domain.alarm import AlarmSource, Occurrence, Severity
from domain.errors import UnavailableError
from store.database import Database
from store.outbox import FeedEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from aftercare.embedded.binaries import Binaries

    from .conftest import Desk

NOW = datetime(2026, 1, 3, tzinfo=UTC)


def raise_alarm(desk: Desk, device_id: int, severity: Severity) -> None:
    with desk.database.transaction() as connection:
        lifecycle.raise_alarm(
            connection,
            Occurrence(
                device_id=device_id,
                alarm_type="limit:t50",
                severity=severity,
                source=AlarmSource.RULE,
                message="too hot",
            ),
            now=NOW,
        )


@contextmanager
def subscribed(mqtt_url: str, topic: str) -> Iterator[Queue[tuple[str, dict[str, Any]]]]:
    """What arrives on a topic, from the moment that the broker has granted the subscription."""
    address = parse_broker_url(mqtt_url)
    messages: Queue[tuple[str, dict[str, Any]]] = Queue()
    granted = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_message = lambda _client, _data, message: messages.put((message.topic, json.loads(message.payload)))
    client.on_subscribe = lambda *_: granted.set()
    client.connect(address.host, address.port)
    client.loop_start()
    client.subscribe(topic, qos=1)
    assert granted.wait(5)
    yield messages
    client.disconnect()
    client.loop_stop()


def test_every_change_arrives_in_order_also_what_was_there_before_and_sigterm_ends_with_0(
    desk: Desk, mqtt_url: str, database_url: str, device_prefix: str
) -> None:
    device = f"{device_prefix}a"
    device_id = desk.add_device(device)
    raise_alarm(desk, device_id, Severity.MINOR)
    environment = {**os.environ, "AFTERCARE_DATABASE_URL": database_url, "AFTERCARE_MQTT_URL": mqtt_url}
    with subscribed(mqtt_url, f"alarms/{device}") as messages:
        process = subprocess.Popen([sys.executable, "-m", "aftercare", "deliver"], env=environment)
        try:
            first = messages.get(timeout=15)
            raise_alarm(desk, device_id, Severity.MAJOR)
            raise_alarm(desk, device_id, Severity.CRITICAL)
            received = [first, messages.get(timeout=5), messages.get(timeout=5)]
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert [topic for topic, _ in received] == [f"alarms/{device}"] * 3
    assert [message["severity"] for _, message in received] == ["MINOR", "MAJOR", "CRITICAL"]
    assert [message["change"] for _, message in received] == ["raised", "escalated", "escalated"]
    numbers = [message["feed_seq"] for _, message in received]
    assert numbers == sorted(numbers)
    assert desk.value("SELECT feed_seq FROM delivery_positions WHERE transport = 'mqtt'") == numbers[-1]


class Flaky:
    """A receiver that fails the first times it is called."""

    name = "flaky"

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.received: list[FeedEntry] = []

    def deliver(self, entries: Sequence[FeedEntry]) -> None:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("down")
        self.received += entries


def test_a_receiver_that_is_down_misses_nothing_and_gets_it_in_order(desk: Desk, database_url: str) -> None:
    device_id = desk.add_device("d1")
    for severity in (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL):
        raise_alarm(desk, device_id, severity)
    transport, stop = Flaky(failures=1), threading.Event()
    with Database(database_url, max_size=1) as database:
        metrics = DeliveryMetrics(desk.database, transport.name, lambda: NOW + timedelta(minutes=2))
        assert figures(metrics) == {
            "changes_delivered_total": 0,
            "failures_total": 0,
            "backlog_changes": 3,
            "lag_seconds": 120,
        }
        keywords = {"clock": lambda: NOW, "stop": stop, "metrics": metrics}
        thread = threading.Thread(target=follow, args=(database, transport), kwargs=keywords)
        thread.start()
        assert wait_for(lambda: len(transport.received) == 3)
        stop.set()
        thread.join(5)
    assert not thread.is_alive()
    assert figures(metrics) == {
        "changes_delivered_total": 3,
        "failures_total": 1,
        "backlog_changes": 0,
        "lag_seconds": 0,
    }
    assert [entry.payload["severity"] for entry in transport.received] == ["MINOR", "MAJOR", "CRITICAL"]


def test_an_outage_of_the_broker_is_waited_for(desk: Desk, binaries: Binaries, tmp_path: Path) -> None:
    device_id, stop = desk.add_device("d1"), threading.Event()
    with EmbeddedBroker(binaries, tmp_path, name="outage", throwaway=True) as broker:
        transport = MqttTransport(host="127.0.0.1", port=broker.port)
        metrics = DeliveryMetrics(desk.database, transport.name, lambda: NOW)
        keywords = {"clock": lambda: NOW, "stop": stop, "metrics": metrics}
        thread = threading.Thread(target=follow, args=(desk.database, transport), kwargs=keywords)
        thread.start()
        raise_alarm(desk, device_id, Severity.MINOR)
        assert wait_for(lambda: position(desk) == 1)
        broker.stop()
        raise_alarm(desk, device_id, Severity.MAJOR)
        assert not wait_for(lambda: position(desk) > 1, seconds=1)
        broker.start()
        assert wait_for(lambda: position(desk) == 2)
        stop.set()
        thread.join(5)
        transport.close()
    assert not thread.is_alive()


def figures(metrics: DeliveryMetrics) -> dict[str, float]:
    found = {sample.name: sample.value for metric in metrics.registry.collect() for sample in metric.samples}
    wanted = ("changes_delivered_total", "failures_total", "backlog_changes", "lag_seconds")
    return {name: found[f"aftercare_deliver_{name}"] for name in wanted}


def position(desk: Desk) -> int:
    return int(desk.value("SELECT coalesce(max(feed_seq), 0) FROM delivery_positions"))


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


def test_a_refused_delivery_leaves_the_position_where_it_was(desk: Desk) -> None:
    raise_alarm(desk, desk.add_device("d1"), Severity.MINOR)
    transport = Flaky(failures=1)
    with pytest.raises(UnavailableError):
        deliver_next(desk.database, transport, lambda: NOW)
    assert desk.rows("SELECT * FROM delivery_positions") == []
    assert deliver_next(desk.database, transport, lambda: NOW) == 1
    assert deliver_next(desk.database, transport, lambda: NOW) == 0


def test_a_broker_that_is_down_is_named(desk: Desk) -> None:
    raise_alarm(desk, desk.add_device("d1"), Severity.MINOR)
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1: .*refused.*Check AFTERCARE_MQTT_URL"):
        deliver_next(desk.database, MqttTransport(host="127.0.0.1", port=1), lambda: NOW)
