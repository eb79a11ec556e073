"""What a SIGKILL of Mosquitto loses of what it has acknowledged, and what each way of saving costs.

Mosquitto 2 keeps its queues in memory and writes all of them to a file now and then. Devices publish while ingest is
away, the worst case, and the broker is killed. No Mosquitto setting makes this loss none; it is measured, not judged.

Example: python -m bench.chaos.broker_loss --json broker-loss.json
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Any

import click
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from aftercare.embedded import Binaries, find_binaries
from aftercare.embedded.broker import mosquitto_config
from aftercare.embedded.ports import answers, free_port
from aftercare.settings import load_settings
from bench.chaos import processes
from bench.chaos.messages import publishes
from bench.chaos.publisher import Publisher
from bench.figures import Figure, figure, show

SESSION = "broker-loss"
TOPIC = "devices/+/telemetry"
SAVE_ON_CHANGES = "autosave_on_changes true\n"
WAYS = {
    "autosave_interval 2": (2, ""),
    "autosave_interval 5": (5, ""),
    "autosave_interval 1800": (1800, ""),
    "on changes, each 1,000": (1000, SAVE_ON_CHANGES),
    "on changes, each 1": (1, SAVE_ON_CHANGES),
}
TOO_SLOW = "on changes, each 1"
"""Every message has the whole queue written again: what it loses cannot be measured at any rate worth the name."""
FILL = 40_000
FILL_SECONDS = 10.0
ANSWER_SECONDS = 20


class Broker:
    """A Mosquitto with one way of saving; killed without a word when the block is left."""

    def __init__(self, binaries: Binaries, folder: Path, way: str) -> None:
        interval, more = WAYS[way]
        self._binaries = binaries
        self._home = binaries.home(folder, way.replace(" ", "-").replace(",", ""))
        self.port = free_port()
        self._config = mosquitto_config(self.port, self._home, interval) + more
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._binaries.run(["sh", "-c", "cat > broker.conf"], home=self._home, text=self._config)
        assert self._binaries.mosquitto is not None
        argv = [self._binaries.mosquitto, "-c", "broker.conf"]
        command = self._binaries.command(argv, home=self._home, port=self.port)
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + ANSWER_SECONDS
        while not answers(self.port):
            assert time.monotonic() < deadline, "the broker does not start"
            time.sleep(0.05)

    def kill(self, number: Signals = SIGKILL) -> None:
        assert self._process is not None
        processes.send(self._binaries, number, processes.find_below(self._process.pid, "mosquitto"))
        self._process.wait(ANSWER_SECONDS)

    def remove(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._binaries.remove(self._home)


@contextmanager
def _session(port: int, seen: set[bytes] | None = None) -> Iterator[Client]:
    """The subscriber that is away, while it is there; with `seen` it notes what it gets."""
    ready: list[int] = []
    client = Client(CallbackAPIVersion.VERSION2, client_id=SESSION, protocol=MQTTv5)
    client.on_subscribe = lambda *_: ready.append(1)

    def note(_client: Client, _data: Any, message: Any) -> None:
        if seen is not None:
            seen.add(message.payload)

    client.on_message = note
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    client.loop_start()
    while not client.is_connected():
        time.sleep(0.01)
    client.subscribe(TOPIC, 1)
    while not ready:
        time.sleep(0.01)
    yield client
    client.disconnect()
    client.loop_stop()


def lost(broker: Broker, rate: float, seconds: float) -> int:
    """Messages that were acknowledged at a steady rate for so long, and are gone after the kill."""
    broker.start()
    with _session(broker.port):
        pass
    time.sleep(6)  # the session itself has to be saved once
    command = [sys.executable, "-m", "bench.chaos.load", str(broker.port), str(rate), "0", "PLAIN"]
    load = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(seconds)
    broker.kill()
    broker.start()
    said, _ = load.communicate(timeout=60)
    seen: set[bytes] = set()
    with _session(broker.port, seen):
        quiet, before = time.monotonic(), -1
        while time.monotonic() - quiet < 2:
            if len(seen) != before:
                quiet, before = time.monotonic(), len(seen)
            time.sleep(0.1)
    return int(json.loads(said)["published"]) - len(seen)


def speed(broker: Broker) -> float:
    """Messages a second that the broker acknowledges into a queue that nobody reads."""
    broker.start()
    with _session(broker.port):
        pass
    messages = [one for number in range(FILL) for one in publishes(number)]
    publisher = Publisher(broker.port, b"fill")
    for topic, payload in messages:
        publisher.offer(topic, payload)
    started = time.perf_counter()
    while not publisher.is_done and time.perf_counter() - started < FILL_SECONDS:
        publisher.work(0.1)
    return publisher.acknowledged / (time.perf_counter() - started)


@click.command()
@click.option("--rate", default=5000.0, show_default=True, help="Messages a second.")
@click.option("--seconds", default=13.0, show_default=True, help="How long they come before the kill.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(rate: float, seconds: float, json_file: Path | None) -> None:
    """Print what is lost and how fast the broker is, for each way of saving."""
    binaries = find_binaries(load_settings().services_dir)
    figures: list[Figure] = []
    fastest = 0.0
    for way in sorted(WAYS, key=lambda one: -WAYS[one][0]):
        taken = _on_a_fresh_broker(binaries, way, speed)
        fastest = max(fastest, taken)
        figures.append(
            figure(f"{way}: taken in", taken, "messages/s", "saving hardly ever", fastest, "reported", met=True)
        )
        if way != TOO_SLOW:
            gone = _on_a_fresh_broker(binaries, way, partial(lost, rate=rate, seconds=seconds))
            figures.append(figure(f"{way}: lost", gone, "messages", "a second's messages", rate, "reported", met=True))
    show(f"Mosquitto killed after {seconds:g} s at {rate:,.0f} messages/s, ingest away", figures, json_file)


def _on_a_fresh_broker(binaries: Binaries, way: str, measure: Callable[[Broker], float]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(binaries, Path(folder), way)
        try:
            return measure(broker)
        finally:
            broker.remove()


if __name__ == "__main__":
    main()
