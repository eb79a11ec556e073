"""What a service leaves on the disk when it and those who look after it are killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aftercare.embedded import lifeline


@pytest.fixture
def run_beside(tmp_path):
    """Starts a service that writes a file in its home and then runs until it is told to stop."""

    def run(name, *options):
        argv = [sys.executable, "-I", "-S", lifeline.__file__, "--home", str(tmp_path / "state" / name), *options]
        service = ["--", "sh", "-c", "echo data > file; echo written; exec sleep 60"]
        process = subprocess.Popen([*argv, *service], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "written\n"
        return process

    return run


def stop(process):
    process.communicate(timeout=20)
    assert process.returncode == 0


def kill(process):
    """Kill the lifeline; the service dies with it, and the end of its output tells when."""
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)


@pytest.fixture
def gone():
    """The id of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return str(process.pid)


def homes(folder: Path):
    return sorted(path.name for path in (folder / "state").iterdir())


def test_what_a_killed_run_left_to_be_thrown_away_goes_with_the_next(run_beside, gone, tmp_path):
    kill(run_beside("killed", "--throwaway-of", gone))
    kill(run_beside("restarting", "--throwaway-of", str(os.getpid())))
    kill(run_beside("kept"))
    assert homes(tmp_path) == ["kept", "kept.lock", "killed", "killed.lock", "restarting", "restarting.lock"]
    serving = run_beside("serving", "--throwaway-of", gone)

    stop(run_beside("next", "--throwaway-of", str(os.getpid()), "--sweep", str(tmp_path)))

    assert homes(tmp_path) == ["kept", "kept.lock", "restarting", "restarting.lock", "serving", "serving.lock"]
    stop(serving)


def test_a_home_that_is_to_be_kept_from_now_on_is_kept(run_beside, gone, tmp_path):
    kill(run_beside("home", "--throwaway-of", gone))
    kill(run_beside("home"))

    stop(run_beside("next", "--throwaway-of", gone, "--sweep", str(tmp_path)))

    assert homes(tmp_path) == ["home", "home.lock"]
