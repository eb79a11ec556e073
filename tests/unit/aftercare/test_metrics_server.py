"""What a process answers to Prometheus and to its supervisor."""

import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter

from aftercare.metrics_server import MetricsServer, Pulse
from domain.errors import ConfigurationError


class Process:
    def __init__(self):
        self.seconds = 0.0
        self.pulse = Pulse(10, lambda: self.seconds)
        registry = CollectorRegistry()
        Counter("rounds", "Rounds", registry=registry).inc(3)
        self.server = MetricsServer(registry, self.pulse.problem, host="127.0.0.1", port=0)

    def ask(self, page):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{page}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def process():
    process = Process()
    yield process
    process.server.close()


def test_metrics_are_told_and_other_pages_are_not_there(process):
    assert "rounds_total 3.0" in process.ask("/metrics?all")[1]
    assert process.ask("/")[0] == 404


def test_a_process_is_well_while_its_loop_goes_round(process):
    process.seconds = 10.0
    assert process.ask("/health") == (200, "ok")
    process.seconds = 11.0
    assert process.ask("/health") == (503, "no sign of life for 11 s")
    process.pulse.beat()
    assert process.ask("/health") == (200, "ok")


def test_a_client_that_says_nothing_keeps_nobody_waiting(process):
    with socket.create_connection(("127.0.0.1", process.server.port)):
        assert process.ask("/health") == (200, "ok")


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", None), ("192.0.2.1", 0)])
def test_an_address_that_cannot_be_had_is_told_with_the_settings_to_change(process, host, port):
    port = process.server.port if port is None else port

    with pytest.raises(ConfigurationError, match=f"cannot serve metrics on {host}:.*AFTERCARE_METRICS_PORT"):
        MetricsServer(CollectorRegistry(), lambda: None, host=host, port=port)
