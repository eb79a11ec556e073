"""`aftercare up` as a person runs it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from aftercare.embedded.ports import answers, free_port

UP = [sys.executable, "-m", "aftercare", "up"]
PORTS = ("HTTP", "EMBEDDED_DATABASE", "EMBEDDED_MQTT", "EMBEDDED_PREFECT")


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def environment(binaries, tmp_path):
    ports = {f"AFTERCARE_{name}_PORT": str(free_port()) for name in PORTS}
    named = {"AFTERCARE_DATABASE_URL", "AFTERCARE_MQTT_URL", "PREFECT_API_URL"}
    inherited = {name: value for name, value in os.environ.items() if name not in named}
    yield {**inherited, **ports, "AFTERCARE_STATE_DIR": str(tmp_path / "state")}
    for service in ("up/postgres", "up/broker"):
        binaries.remove(binaries.home(tmp_path / "state", service))


def listening(environment):
    return [name for name, port in environment.items() if name.endswith("_PORT") and answers(int(port))]


def children(pid):
    """Process ids by command line of what runs below a process."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = status.read_text().rpartition(")")[2].split()[1]
            command = (status.parent / "cmdline").read_text().replace("\0", " ").strip()
        except OSError:
            continue
        if parent == str(pid):
            found[command] = int(status.parent.name)
    return found


def ingest_pid(pid):
    return next((child for command, child in children(pid).items() if command.endswith("aftercare ingest")), None)


@pytest.mark.timeout(240)
def test_everything_runs_until_told_to_stop(environment, tmp_path):
    output = tmp_path / "output"
    with output.open("w") as file, subprocess.Popen(UP, env=environment, stdout=file, stderr=file) as up:
        try:
            until(lambda: "running; Ctrl-C stops everything" in output.read_text() or up.poll() is not None, 150)
            assert up.poll() is None, output.read_text()
            health = f"http://127.0.0.1:{environment['AFTERCARE_HTTP_PORT']}/api/v1/health"
            with urllib.request.urlopen(health) as answer:
                assert json.load(answer)["status"] == "ok"
            assert len(listening(environment)) == len(PORTS)

            [line] = [line for line in output.read_text().splitlines() if line.startswith("for commands in another")]
            shell = f"{line.partition(': ')[2]}; {' '.join(UP[:-1])} export predictions"
            other = subprocess.run(["sh", "-c", shell], env=environment, capture_output=True, text=True, timeout=60)
            assert (other.returncode, other.stderr) == (0, "0 predictions written to standard output\n")

            second = subprocess.run(UP, env=environment, capture_output=True, text=True, timeout=60)
            assert second.returncode == 1
            assert "Aftercare already runs from" in second.stderr

            first = ingest_pid(up.pid)
            os.kill(first, signal.SIGKILL)
            until(lambda: ingest_pid(up.pid) not in (None, first))
            assert '"ending": "SIGKILL"' in output.read_text()
        finally:
            up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 0
        assert "never awaited" not in output.read_text()
    assert listening(environment) == []


def test_ctrl_c_while_starting_leaves_nothing(environment):
    with subprocess.Popen(UP, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as up:
        until(lambda: listening(environment) or up.poll() is not None)
        up.send_signal(signal.SIGINT)
        said = up.communicate(timeout=60)[0]

    assert up.returncode == 0, said
    assert "Traceback" not in said
    assert listening(environment) == []


@pytest.mark.parametrize("name", PORTS)
def test_a_port_in_use_is_one_line(environment, name):
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environment[f"AFTERCARE_{name}_PORT"])))
        other.listen()
        done = subprocess.run(UP, env=environment, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert "in use: stop what listens there, or choose another" in done.stderr
    assert f"{name}_PORT" in done.stderr or "_MQTT_PORT" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_state_folder_that_cannot_be_made_is_one_line(environment, tmp_path):
    (tmp_path / "file").touch()

    done = subprocess.run(
        UP, env={**environment, "AFTERCARE_STATE_DIR": str(tmp_path / "file" / "state")}, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert done.stderr.startswith("aftercare: cannot make the folder")
    assert len(done.stderr.splitlines()) == 1
