"""Presence through restarts of device, broker and platform, with real last wills: no flapping, right in the end."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from aftercare.embedded import EmbeddedBroker
from ingest import presence, service
from ingest.heartbeat import Heartbeat
from ingest.upkeep.presence import judge_silence

DEVICE = Path(__file__).with_name("telling_device.py")


@pytest.fixture
def broker(binaries, tmp_path):
    with EmbeddedBroker(binaries, tmp_path, name="presence") as broker:
        yield broker
    binaries.remove(binaries.home(tmp_path, "presence/broker"))


@pytest.fixture
def settings(settings, broker):
    return settings.model_copy(update={"mqtt_url": broker.url})


@pytest.fixture
def start(broker, bench):
    processes = []

    def run(name, will):
        argv = [sys.executable, DEVICE, str(broker.port), bench.prefix + name, will]
        processes.append(subprocess.Popen(argv))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Seconds instead of a minute, though longer than what a guard kept takes to be read; and heartbeats to match."""
    for module in ("ingest.presence", "ingest.upkeep.presence"):
        monkeypatch.setattr(f"{module}.GRACE", timedelta(seconds=5))
    monkeypatch.setattr(service, "Heartbeat", partial(Heartbeat, period=0.2))


@pytest.mark.parametrize("will", ["dated", "undated"])
def test_states_are_right_and_do_not_flap(bench, broker, start, will):
    bench.register("b")

    def changes(name):
        judge_silence(bench.application.database)
        found = bench.rows(
            "SELECT state, told_by FROM connectivity_changes JOIN devices USING (device_id) WHERE name = %s "
            "ORDER BY connectivity_change_id",
            bench.prefix + name,
        )
        return [f"{state} by {told_by}" for state, told_by in found]

    def wait_for_verdicts():
        """Until everything of now has been heard and judged."""
        [(now,)] = bench.rows("SELECT now()")
        listened = "SELECT FROM ingest_heartbeats WHERE stored_until > %s"
        bench.poll(lambda: bench.rows(listened, now + 1.5 * presence.GRACE))

    online, killed = "online by status", "offline by will"
    with bench.subscribed() as ingest:
        first, second = start("a", will), start("b", will)
        bench.poll(lambda: changes("a") == changes("b") == [online])
        os.kill(first.pid, signal.SIGKILL)
        bench.poll(lambda: changes("a") == [online, killed])

        broker.stop()
        bench.poll(lambda: bench.count(ingest, "subscribed") == 0)
        broker.start()
        bench.poll(lambda: bench.count(ingest, "subscribed") == 1)
        wait_for_verdicts()
        assert changes("a") == [online, killed]
        assert changes("b") == [online]

    os.kill(second.pid, signal.SIGKILL)
    start("a", will)
    with bench.subscribed():
        bench.poll(lambda: len(changes("a")) == 3 and len(changes("b")) == 2)
        wait_for_verdicts()
    assert changes("a") == [online, killed, online]
    assert changes("b") == [online, killed]
