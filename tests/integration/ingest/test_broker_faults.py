"""The way to the broker is missing, cut, and cut again."""

import contextlib
import socket
import threading

import orjson
import pytest

from aftercare.broker_address import parse_broker_url


class Wire:
    """Carries bytes between a port of its own and the broker, until it is cut."""

    def __init__(self, broker):
        self._broker = broker
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ends = []

    def open(self):
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listener.close()
        self.cut()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                device, _ = self._listener.accept()
                server = socket.create_connection(self._broker)
                self._ends += [device, server]
                for source, sink in ((device, server), (server, device)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(mqtt_url):
    address = parse_broker_url(mqtt_url)
    wire = Wire((address.host, address.port))
    yield wire
    wire.close()


@pytest.fixture
def settings(settings, wire):
    return settings.model_copy(update={"mqtt_url": f"mqtt://127.0.0.1:{wire.port}", "ingest_batch_rows": 50})


def test_a_broker_that_is_away_at_the_start_is_found_when_it_comes(bench, wire):
    wire.cut()
    with bench.running() as ingest:
        assert bench.count(ingest, "subscribed") == 0
        wire.open()
        bench.poll(lambda: bench.count(ingest, "subscribed") == 1)


def test_cut_connections_lose_nothing_and_double_nothing(bench, wire):
    wire.open()
    with bench.subscribed() as ingest:
        for hour in range(1500):
            payload = orjson.dumps(bench.reading(hour, mach=hour))
            bench.publisher.publish(f"devices/{bench.prefix}a/telemetry", payload, qos=1)
            if hour % 400 == 399:
                connections = bench.count(ingest, "broker_connections_total")
                bench.poll(lambda hour=hour: bench.count(ingest, "messages_committed_total") > hour / 2)
                wire.cut()
                bench.poll(lambda known=connections: bench.count(ingest, "broker_connections_total") > known)
        bench.poll(lambda: bench.rows("SELECT count(*), sum(mach) FROM readings_turbofan_fd001") == [(1500, 1124250.0)])
        bench.poll(lambda: bench.count(ingest, "subscribed") == 1)
        assert bench.count(ingest, "broker_connections_total") == 4
    with bench.subscribed() as ingest:
        bench.publish("a", "telemetry", bench.reading(2000, mach=1))
        bench.poll(lambda: bench.count(ingest, "messages_acknowledged_total") >= 1)
        assert bench.count(ingest, "messages_received_total") == 1, "everything before was acknowledged"
