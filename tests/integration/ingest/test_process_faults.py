"""`aftercare ingest` as a process that is killed in the middle of its work."""

import os
import random
import signal
import subprocess
import sys

import orjson
import pytest
import structlog

from domain.errors import AftercareError
from ingest.heartbeat import Heartbeat
from ingest.membership import Membership
from ingest.service import Ingest


def start(settings):
    """A process of its own, once it has subscribed: before that the broker keeps nothing for a new session."""
    environment = os.environ | {
        "AFTERCARE_DATABASE_URL": settings.database_url,
        "AFTERCARE_MQTT_URL": settings.mqtt_url,
        "AFTERCARE_INGEST_ID": settings.ingest_id,
        "AFTERCARE_INGEST_GROUP": settings.ingest_group,
        "AFTERCARE_INGEST_SESSION_EXPIRY": "60s",
        "AFTERCARE_INGEST_BATCH_ROWS": "200",
    }
    process = subprocess.Popen([sys.executable, "-m", "aftercare", "ingest"], env=environment, stderr=subprocess.PIPE)
    for line in process.stderr:
        if b'"subscribed"' in line:
            return process
    raise AssertionError(f"ingest ended with {process.wait()}")


def test_two_kills_in_the_middle_lose_nothing_and_double_nothing(bench, settings):
    bench.register(*(f"d{number}" for number in range(10)))
    sent = [(f"d{number % 10}", hour) for hour in range(300) for number in range(10)]
    messages = [(name, orjson.dumps(bench.reading(hour, mach=hour))) for name, hour in sent]
    messages += random.Random(1).sample(messages, 300)
    malformed = [("d0", b"{broken %d" % number) for number in range(25)]
    messages += malformed
    random.Random(2).shuffle(messages)

    def committed():
        [(count,)] = bench.rows("SELECT count(*) FROM readings_turbofan_fd001")
        return count

    process = start(settings)
    for part in range(3):
        for name, payload in messages[part::3]:
            bench.publisher.publish(f"devices/{bench.prefix}{name}/telemetry", payload, qos=1)
        if part < 2:
            before = committed()
            bench.poll(lambda before=before: committed() > before)
            process.kill()
            assert process.wait(10) == -signal.SIGKILL
            process = start(settings)
    bench.poll(lambda: committed() == len(sent) and len(bench.rejected()) == len(malformed))
    process.terminate()
    process.communicate(timeout=20)

    assert process.returncode == 0
    rows = bench.rows("SELECT d.name, r.ts, r.mach FROM readings_turbofan_fd001 r JOIN devices d USING (device_id)")
    assert sorted(rows) == sorted(
        (bench.prefix + name, bench.noon + (bench.hour * hour), float(hour)) for name, hour in sent
    )


@pytest.mark.parametrize("part", [Heartbeat, Membership])
def test_a_defect_in_a_thread_ends_the_process_with_an_error(bench, monkeypatch, part):
    def fail(_self):
        raise ValueError("a defect of ours")

    monkeypatch.setattr(part, "run", fail)
    with structlog.testing.capture_logs() as logs, pytest.raises(AftercareError, match="a thread ended by itself"):
        Ingest(bench.application).run()
    assert f"the {part.__name__.lower()} thread failed" in [line["event"] for line in logs]
