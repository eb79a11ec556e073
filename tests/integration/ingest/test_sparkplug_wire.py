"""A third-party Sparkplug B client library, unmodified and in a process of its own, as the device."""

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aftercare.broker_address import parse_broker_url

FOLDER = Path(__file__).parent / "sparkplug_device"
LOCK = FOLDER / "requirements.lock"


@pytest.fixture(scope="module")
def device_packages(request):
    """Where the device's packages are; they need another paho-mqtt than we do. Kept from run to run."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = request.config.cache.mkdir("sparkplug_device") / digest
    if not (folder / "complete").exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
        done = subprocess.run(
            [*install, "--require-hashes", "--target", folder, "-r", LOCK], capture_output=True, text=True, check=False
        )
        if done.returncode and os.environ.get("CI") != "true":
            pytest.skip(f"the device's packages cannot be installed: {done.stderr.splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        (folder / "complete").touch()
    return folder


class Device:
    """The device's process, and the lines that it has said."""

    def __init__(self, packages, broker, name):
        self._process = subprocess.Popen(
            [sys.executable, FOLDER / "edge_node.py", broker.host, str(broker.port), name],
            env=os.environ | {"PYTHONPATH": str(packages)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = []
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, line):
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def stop(self):
        self._process.kill()
        self._process.communicate()

    def _listen(self):
        self.said.extend(line.strip() for line in self._process.stdout)


@pytest.fixture
def start_device(bench, mqtt_url, device_packages):
    started = []

    def start():
        started.append(Device(device_packages, parse_broker_url(mqtt_url), f"{bench.prefix}a"))
        return started[-1]

    yield start
    for device in started:
        device.stop()


def connectivity(bench):
    """Of each device, as it will be unless a device whose death is told comes back."""
    query = "SELECT CASE WHEN gone_at IS NULL THEN connectivity ELSE 'offline' END FROM devices ORDER BY name"
    return [state for (state,) in bench.rows(query)]


def test_births_data_and_deaths_of_an_unmodified_client_are_stored(bench, start_device):
    bench.register("a:pump")
    with bench.subscribed() as ingest:
        device = start_device()
        bench.poll(lambda: connectivity(bench) == ["online", "online"])
        device.tell("data")
        bench.poll(lambda: bench.count(ingest, "rows_committed_total") == 4)
        device.tell("leave")
        bench.poll(lambda: connectivity(bench) == ["offline", "offline"])

        vanishing = start_device()
        bench.poll(lambda: connectivity(bench) == ["online", "online"])
        vanishing.tell("vanish")
        bench.poll(lambda: connectivity(bench) == ["offline", "offline"])

    rows = bench.rows(
        "SELECT r.ts - %s, mach, altitude, extra FROM readings_turbofan_fd001 r JOIN devices d USING (device_id) "
        "ORDER BY d.name, r.ts",
        bench.noon,
    )
    lowest = {f"int{bits}": -(2.0 ** (bits - 1)) for bits in (8, 16, 32, 64)} | {
        f"uint{bits}": 0.0 for bits in (8, 16, 32, 64)
    }
    assert [
        (since.total_seconds(), mach, altitude, {name: float(value) for name, value in (extra or {}).items()})
        for since, mach, altitude, extra in rows
    ] == [
        (0.0, 0.75, -12.5, lowest | {"running": 1.0}),
        (1.0, 0.75, -12.5, lowest | {"running": 1.0}),
        (0.0, 0.25, None, {}),
        (1.0, 0.5, None, {}),
    ]


def test_the_client_understands_our_request_for_a_rebirth(bench, start_device):
    with bench.subscribed():
        device = start_device()
        bench.poll(lambda: connectivity(bench) == ["online"])
        topic = f"spBv1.0/plant/NDATA/{bench.prefix}a"
        bench.publisher.publish(topic, b"\x08\x80\xc8\xd0\x90\xc1\x33\x12\x04\x10\x63\x50\x01", 1)  # alias 99 is 1
        bench.poll(lambda: device.said[1:] == ["heard NCMD ['Node Control/Rebirth']"])
    [(reason,)] = bench.rows("SELECT reason FROM rejected_messages WHERE topic = %s", topic)
    assert "alias 99 is not in the birth certificate" in reason
