from __future__ import annotations

import csv
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from device_sim.broker import Broker, parse_broker_url
from device_sim.errors import BrokerError
from device_sim.publisher import Clients, Publisher
from device_sim.recorded import NO_EVENTS
from device_sim.replay_clock import ReplayClock
from device_sim.schedule import Schedule

from .line import Line

DEADLINE = 60.0


class Listener:
    """Subscribes to some devices at the real broker and keeps what comes, in order."""

    def __init__(self, url: str, prefix: str) -> None:
        self.messages: queue.Queue[MQTTMessage] = queue.Queue()
        subscribed = threading.Event()
        self._prefix = f"devices/{prefix}"
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        self.client.on_message = self._keep
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect(urlsplit(url).hostname or "", urlsplit(url).port or 1883)
        self.client.subscribe("devices/#", qos=1)
        self.client.loop_start()
        assert subscribed.wait(DEADLINE)

    def _keep(self, client: Client, data: object, message: MQTTMessage) -> None:
        if message.topic.startswith(self._prefix):
            self.messages.put(message)

    def readings(self, count: int) -> list[tuple[str, int]]:
        """(device, ts) in order of arrival, until `count` different ones have come."""
        arrived: list[tuple[str, int]] = []
        deadline = time.monotonic() + DEADLINE
        while len(set(arrived)) < count:
            message = self.messages.get(timeout=max(0.0, deadline - time.monotonic()))
            _, device, kind = message.topic.split("/")
            if kind == "telemetry":
                arrived.append((device, json.loads(message.payload)["ts"]))
        return arrived

    def status(self, device: str, state: str) -> dict[str, object]:
        """The next status of the device that says `state`."""
        deadline = time.monotonic() + DEADLINE
        while True:
            message = self.messages.get(timeout=max(0.0, deadline - time.monotonic()))
            if message.topic == f"devices/{device}/status":
                said: dict[str, object] = json.loads(message.payload)
                if said["state"] == state:
                    return said


@pytest.fixture
def listener(mqtt_url: str, device_prefix: str) -> Iterator[Listener]:
    listener = Listener(mqtt_url, device_prefix)
    yield listener
    listener.client.disconnect()
    listener.client.loop_stop()


@pytest.fixture
def line(mqtt_url: str) -> Iterator[Line]:
    address = urlsplit(mqtt_url)
    line = Line(address.port or 1883, address.hostname or "")
    yield line
    line.cut()


def readings(prefix: str, devices: int = 3, hours: int = 100) -> pd.DataFrame:
    ts = pd.date_range("2026-01-01", periods=hours, freq="h", tz="UTC")
    return pd.concat(
        [pd.DataFrame({"device": f"{prefix}-{n}", "ts": ts, "a": np.arange(hours)}) for n in range(devices)]
    )


def publisher(frame: pd.DataFrame, broker: Broker, *, seconds: float = 0.5, **options: object) -> Publisher:
    """Publishes the frame in about `seconds`."""
    schedule = Schedule(frame, NO_EVENTS)
    first, last = schedule.due[0] / 1000, schedule.due[-1] / 1000
    return Publisher(schedule, ReplayClock(first, time.time(), (last - first) / seconds), broker, **options)  # type: ignore[arg-type]


def test_everything_arrives_in_order_and_is_counted(
    mqtt_url: str, device_prefix: str, listener: Listener, tmp_path: Path
):
    frame = readings(device_prefix)
    summary = publisher(frame, parse_broker_url(mqtt_url), sent=tmp_path / "sent.csv").run()
    assert summary.complete
    assert summary.readings == {f"{device_prefix}-{n}": 100 for n in range(3)}
    arrived = listener.readings(300)
    assert len(arrived) == 300
    assert [ts for _, ts in arrived] == sorted(ts for _, ts in arrived)
    assert listener.status(f"{device_prefix}-0", "offline")["ts"] == arrived[-1][1], "nobody leaves in the future"
    with (tmp_path / "sent.csv").open() as lines:
        sent = {(row["device"], pd.Timestamp(row["ts"])) for row in csv.DictReader(lines)}
    assert sent == set(zip(frame["device"], frame["ts"], strict=True))


def test_readings_keep_the_pace_of_the_clock(mqtt_url: str, device_prefix: str):
    running = publisher(readings(device_prefix), parse_broker_url(mqtt_url), seconds=1.0)
    began = time.monotonic()
    future = running.start()
    while running.progress().acknowledged < 150:
        assert time.monotonic() - began < DEADLINE
        time.sleep(0.005)
    assert time.monotonic() - began > 0.45
    future.result(DEADLINE)
    assert time.monotonic() - began > 0.95


def test_a_broker_that_is_away_at_the_start_and_goes_away_twice_costs_nothing(
    line: Line, device_prefix: str, listener: Listener
):
    running = publisher(readings(device_prefix, hours=400), Broker("127.0.0.1", line.port), seconds=1.5)
    future = running.start()
    for fraction in (0.2, 0.6):
        line.open()
        deadline = time.monotonic() + DEADLINE
        while running.progress().acknowledged < fraction * 1200:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        line.cut()
    line.open()
    summary = future.result(DEADLINE)
    assert summary.complete
    assert summary.losses == 2
    assert summary.readings.total() == 1200
    arrived = listener.readings(1200)
    first_arrivals = list(dict.fromkeys(arrived))
    assert [ts for _, ts in first_arrivals] == sorted(ts for _, ts in first_arrivals)


def test_a_device_of_its_own_leaves_a_last_will(line: Line, device_prefix: str, listener: Listener):
    line.open()
    running = publisher(
        readings(device_prefix, devices=1), Broker("127.0.0.1", line.port), seconds=30, clients=Clients.PER_DEVICE
    )
    future = running.start()
    assert "ts" in listener.status(f"{device_prefix}-0", "online")
    line.cut()
    assert listener.status(f"{device_prefix}-0", "offline") == {"state": "offline"}
    line.open()
    listener.status(f"{device_prefix}-0", "online")
    running.stop()
    assert not future.result(DEADLINE).complete
    assert "ts" in listener.status(f"{device_prefix}-0", "offline")


def test_patience_ends_with_the_address_and_the_reason(line: Line):
    running = publisher(readings("nobody"), Broker("127.0.0.1", line.port), patience=0.3)
    with pytest.raises(BrokerError, match=rf"mqtt://127.0.0.1:{line.port} within 0.3 s \(Connection refused\)"):
        running.run()


def simulate(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "aftercare", "simulate", *arguments],
        env={**os.environ, "AFTERCARE_CLOCK": "system", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_writes_files_that_it_can_replay(mqtt_url: str, tmp_path: Path):
    written, _ = simulate("--fleet", "heat_pump=2", "--days", "3", "--csv", str(tmp_path), "--json").communicate()
    paths = json.loads(written)["heat_pump"]
    replayed = simulate(
        *("--replay", paths["readings"], "--events", paths["events"], "--speed", "1e6", "--json", "--faults"),
        AFTERCARE_MQTT_URL=mqtt_url,
    )
    out, err = replayed.communicate()
    assert replayed.returncode == 0, err
    summary = json.loads(out)
    assert summary["readings_acknowledged"] == 144
    assert summary["complete"]


def test_a_signal_ends_the_command_with_a_summary(mqtt_url: str, device_prefix: str, tmp_path: Path):
    recording = tmp_path / "readings.csv"
    readings(device_prefix, devices=1).to_csv(recording, index=False)
    sent = tmp_path / "sent.csv"
    command = simulate("--replay", str(recording), "--sent", str(sent), "--json", AFTERCARE_MQTT_URL=mqtt_url)
    deadline = time.monotonic() + DEADLINE
    while not (sent.exists() and len(sent.read_text().splitlines()) > 1):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    command.send_signal(signal.SIGTERM)
    out, _ = command.communicate(timeout=DEADLINE)
    assert command.returncode == 130
    assert json.loads(out)["unacknowledged"] == 99


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--fleet", "toaster=2"], "no simulated fleet 'toaster': choose from heat_pump, compressor"),
        (["--replay", "missing.csv"], "cannot read missing.csv: No such file or directory"),
        (["--fleet", "heat_pump=1", "--mqtt", "http://x"], "the broker's address has no mqtt:// or no host"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], problem: str):
    command = simulate(*arguments, AFTERCARE_MQTT_URL="mqtt://127.0.0.1:1")
    out, err = command.communicate()
    assert command.returncode == 1
    assert (out, err.count("\n")) == ("", 1)
    assert problem in err
