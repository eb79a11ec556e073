"""`aftercare serve` as a process: it starts with one line, refuses with one line, and stops when told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from aftercare.access import COOKIE
from store.database import Database

from .conftest import session_of

DEADLINE = 60
COMMAND = [str(Path(sys.executable).with_name("aftercare")), "serve"]


def environment(database_url: str, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AFTERCARE_")}
    given = {f"AFTERCARE_{name.upper()}": value for name, value in settings.items()}
    return {**kept, "AFTERCARE_DATABASE_URL": database_url, **given}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def serving(database_url: str) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    port = free_port()
    process = subprocess.Popen(COMMAND, env=environment(database_url, http_port=str(port)), stderr=subprocess.DEVNULL)
    try:
        with Database(database_url) as database:
            cookies = {COOKIE: session_of(database, "local")}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15, cookies=cookies) as client:
            wait_for(client, 200)
            yield process, client
    finally:
        process.kill()
        process.wait()


def wait_for(client: httpx.Client, status: int) -> httpx.Response:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            answer = client.get("/api/v1/health")
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code == status:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"no {status} within {DEADLINE} s")


@pytest.mark.alone
def test_sigterm_ends_open_streams_and_leaves_with_0(database_url: str) -> None:
    with serving(database_url) as (process, client), client.stream("GET", "/api/v1/feed") as stream:
        pieces = stream.iter_bytes()
        assert next(pieces).startswith(b"retry")
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
        assert time.monotonic() - begin < 3
        assert list(pieces) in ([], [b""])


@pytest.mark.alone
def test_a_database_that_goes_away_is_a_503_until_it_is_back(database_url: str, server_url: str) -> None:
    name = database_url.rsplit("/", 1)[1]
    with serving(database_url) as (_, client), psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        away = wait_for(client, 503)
        assert away.headers["content-type"] == "application/problem+json"
        assert away.headers["retry-after"] == "5"
        page = client.get("/")
        assert page.status_code == 503
        assert "The database is away" in page.text
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        begin = time.monotonic()
        wait_for(client, 200)
        assert time.monotonic() - begin < 10


REFUSED = [
    ({"http_port": "taken"}, "AFTERCARE_HTTP_PORT"),
    ({"http_port": "99999"}, "AFTERCARE_HTTP_PORT"),
    ({"http_host": "no.such.host.invalid"}, "AFTERCARE_HTTP_HOST"),
    ({"database_url": "postgresql://postgres@127.0.0.1:1/nowhere"}, "AFTERCARE_DATABASE_URL"),
    ({"database_url": "without schema"}, "aftercare migrate"),
]


def test_what_is_wrong_at_start_is_one_line(database_url: str, server_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"taken": str(taken.getsockname()[1]), "99999": "99999"}
        started = []
        for settings, named in REFUSED:
            port = ports.get(settings.get("http_port", ""), str(free_port()))
            given = environment(**{"database_url": database_url, **settings, "http_port": port})
            if settings.get("database_url") == "without schema":
                given["AFTERCARE_DATABASE_URL"] = server_url
            started.append((named, subprocess.Popen(COMMAND, env=given, stderr=subprocess.PIPE, text=True)))
        for named, process in started:
            _, said = process.communicate(timeout=2 * DEADLINE)  # eight start at once
            assert process.returncode != 0
            assert len(said.strip().splitlines()) == 1, said
            assert said.startswith("aftercare: ")
            assert named in said
