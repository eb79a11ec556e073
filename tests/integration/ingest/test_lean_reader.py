"""Messages past paho on the real broker: over TLS, and while ingest may not read."""

import subprocess
import time
from functools import partial

import orjson
import psycopg
import pytest

from aftercare.embedded import Origin
from aftercare.embedded.ports import free_port, service_answers
from aftercare.embedded.state import fresh_log
from aftercare.supervisor import Child, Supervisor
from ingest import link, service
from ingest.inbox import Inbox

MESSAGES = 2000


@pytest.fixture
def tls_broker(binaries, tmp_path):
    """Ports without and with TLS of a Mosquitto of its own, and its certificate."""
    if binaries.origin is Origin.WHEELS:
        pytest.skip("no Mosquitto on this machine")
    key, certificate, home = tmp_path / "key.pem", tmp_path / "certificate.pem", binaries.home(tmp_path, "broker")
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(["openssl", *request.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    plain, tls = free_port(), free_port()
    configuration = (
        f"listener {plain} 127.0.0.1\nlistener {tls} 127.0.0.1\ncertfile {home}/certificate.pem\n"
        f"keyfile {home}/key.pem\nallow_anonymous true\nmax_queued_messages 0\n"
    )
    files = {"key.pem": key.read_text(), "certificate.pem": certificate.read_text(), "broker.conf": configuration}
    for name, text in files.items():
        binaries.run(["sh", "-c", f"cat > {name}"], home=home, text=text)
    command = binaries.command([binaries.mosquitto, "-c", "broker.conf"], home=home, port=plain, remove=True)
    log = fresh_log(tmp_path / "broker.log")
    ready = lambda: service_answers(log, plain)  # noqa: E731
    with Supervisor([Child("broker", command, ready=ready, lifeline=True, log=log)]):
        yield plain, tls, certificate


class TestOverTls:
    @pytest.fixture
    def mqtt_url(self, tls_broker):
        return f"mqtt://127.0.0.1:{tls_broker[0]}"

    @pytest.fixture
    def settings(self, settings, tls_broker):
        _, port, certificate = tls_broker
        return settings.model_copy(update={"mqtt_url": f"mqtts://127.0.0.1:{port}", "mqtt_ca_file": certificate})

    def test_messages_of_any_length_are_stored_and_acknowledged(self, bench, monkeypatch):
        monkeypatch.setattr(service, "Inbox", partial(Inbox, max_messages=100))
        long = orjson.dumps([bench.reading(MESSAGES + hour, mach=hour) for hour in range(4000)])
        with bench.subscribed() as ingest:
            for hour in range(MESSAGES):
                bench.publisher.publish(
                    f"devices/{bench.prefix}a/telemetry", orjson.dumps(bench.reading(hour, mach=hour)), qos=1
                )
            bench.publish("a", "telemetry", long)
            bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") == MESSAGES + 1)
            assert bench.count(ingest, "broker_connections_total") == 1
        assert bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(MESSAGES + 4000,)]
        with bench.subscribed() as ingest:
            bench.publish("a", "telemetry", bench.reading(-1, mach=1))
            bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 1)
            assert bench.count(ingest, "messages_received_total") == 1, "everything before was acknowledged"


def test_an_outage_with_a_full_inbox_that_outlasts_the_keepalive_keeps_the_connection(
    bench, server_url, database_url, monkeypatch
):
    keepalive = 2
    monkeypatch.setattr(link, "KEEPALIVE", keepalive)
    monkeypatch.setattr("ingest.broker.KEEPALIVE", keepalive)
    monkeypatch.setattr(service, "Inbox", partial(Inbox, max_messages=5))
    name = database_url.rsplit("/", 1)[1]
    with bench.subscribed() as ingest, psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        for hour in range(50):
            bench.publish("a", "telemetry", bench.reading(hour, mach=hour))
        longer_than_the_broker_waits = time.monotonic() + 2 * keepalive
        bench.poll(lambda: time.monotonic() > longer_than_the_broker_waits)
        assert bench.count(ingest, "messages_acknowledged_total") == 0

        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") == 50)
        assert bench.count(ingest, "broker_connections_total") == 1
        assert bench.count(ingest, "acknowledgements_stale_total") == 0

    assert bench.rows("SELECT count(*) FROM readings_turbofan_fd001") == [(50,)]
