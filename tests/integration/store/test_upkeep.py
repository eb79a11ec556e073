"""The upkeep process as a whole."""

import threading
import urllib.request
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from aftercare.embedded.ports import free_port
from aftercare.settings import load_settings
from aftercare.wiring import Application
from domain.errors import UnavailableError
from ingest.upkeep import service
from store.latest import latest_of_device

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def poll(store):
    """Ask until the answer is yes, or fail."""

    def asked(question, seconds=20.0):
        waiting = threading.Event()
        for _ in range(int(seconds / 0.05)):
            if question():
                return
            waiting.wait(0.05)
        raise AssertionError("it did not come true in time")

    return asked


@pytest.fixture
def page(store):
    """A page of the process's own server, which `running` starts there."""
    port = free_port()

    def read(name):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=5) as answer:
            return answer.read().decode()

    read.port = port
    return read


@pytest.fixture
def running(store, page):
    """The process in a thread, stopped and joined at the end."""
    application = Application(
        settings=load_settings(database_url=store.database.url, metrics_port=page.port),
        clock=lambda: START,
        catalog={store.device_model.name: store.device_model},
        database=store.database,
    )
    stop = threading.Event()
    thread = threading.Thread(target=service.run, args=(application, stop))
    thread.start()
    yield thread
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def value(store):
    with store.database.transaction() as connection:
        return latest_of_device(connection, store.device_model, device_id=1).get("flow", (None, None))[1]


def test_latest_values_follow_what_is_written_through_an_outage(store, running, poll, server_url, database_url):
    store.write(1, {START: {"flow": 1}})
    poll(lambda: value(store) == 1)

    name = database_url.rsplit("/", 1)[1]
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    poll(lambda: is_back(store))
    store.write(1, {START + SECOND: {"flow": 2}})

    poll(lambda: value(store) == 2)
    assert running.is_alive()


def test_it_tells_what_it_did_and_what_waits(store, running, poll, page):
    store.write(1, {START: {"flow": 1}})
    poll(lambda: value(store) == 1)

    poll(lambda: 'aftercare_upkeep_stretches_taken_total{device_model="pump"} 1.0' in page("metrics"))
    told = page("metrics")
    assert "aftercare_upkeep_backlog_writes 0.0" in told
    assert "aftercare_upkeep_backlog_buckets 1.0" in told
    assert page("health") == "ok"
    poll(lambda: store.rows("SELECT as_of FROM demand_outlook") == [(START,)])


def is_back(store):
    try:
        return store.rows("SELECT 1") == [(1,)]
    except (UnavailableError, psycopg.OperationalError):
        return False
