"""The embedded services as up, demo and the tests use them."""

import os
import signal
import socket
import subprocess
import sys
import time

import psycopg
import pytest

from aftercare.embedded import EmbeddedBroker, EmbeddedPostgres
from aftercare.embedded.ports import answers
from aftercare.embedded.state import lock_folder
from domain.errors import ConflictError, UnavailableError


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def kept(binaries, tmp_path):
    """A cluster whose data outlives a stop, removed after the test."""
    yield lambda: EmbeddedPostgres(binaries, tmp_path, settings={"fsync": "off"})
    binaries.remove(binaries.home(tmp_path, "up/postgres"))


def test_data_and_password_outlive_a_restart(kept):
    with kept() as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    with kept() as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_a_lost_password_file_is_made_anew(kept, tmp_path):
    with kept():
        pass
    (tmp_path / "up" / "postgres.password").unlink()

    with kept() as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_other_users_of_the_machine_stay_out(binaries, tmp_path):
    with EmbeddedPostgres(binaries, tmp_path, throwaway=True) as server:
        stranger = f"postgresql://postgres:guess@127.0.0.1:{server.port}/postgres"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(stranger)
        assert (tmp_path / "up" / "postgres.password").stat().st_mode & 0o777 == 0o600


def test_a_crashed_server_is_started_again(kept):
    with kept() as server:
        with psycopg.connect(server.url) as connection:
            before = connection.execute("SELECT pg_postmaster_start_time()").fetchone()
        os.kill(server.pid, signal.SIGKILL)

        def restarted():
            try:
                with psycopg.connect(server.url, connect_timeout=2) as connection:
                    return connection.execute("SELECT pg_postmaster_start_time()").fetchone() != before
            except psycopg.OperationalError:
                return False

        until(restarted)


def test_a_port_in_use_is_one_error(binaries, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for service in (EmbeddedPostgres, EmbeddedBroker):
            with pytest.raises(UnavailableError, match=f"port {port} on 127.0.0.1 is in use: stop what listens there"):
                service(binaries, tmp_path, port=port, throwaway=True).start()


def test_services_stop_when_their_owner_is_killed(binaries, tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from aftercare.embedded import *\n"
        "from aftercare.settings import load_settings\n"
        "b = find_binaries(load_settings().services_dir); state = Path(sys.argv[1])\n"
        "p = EmbeddedPostgres(b, state, throwaway=True); p.start()\n"
        "m = EmbeddedBroker(b, state, throwaway=True); m.start()\n"
        "print(p.port, m.port, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        ports = [int(port) for port in owner.stdout.readline().split()]
        assert len(ports) == 2
        owner.kill()

    until(lambda: not any(answers(port) for port in ports))
    with EmbeddedPostgres(binaries, tmp_path, throwaway=True) as server, psycopg.connect(server.url):
        pass


def test_one_owner_for_a_folder(tmp_path):
    handle = lock_folder(tmp_path)
    with pytest.raises(ConflictError, match="already runs from"):
        lock_folder(tmp_path)
    os.close(handle)
    os.close(lock_folder(tmp_path))
