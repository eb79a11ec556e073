"""The supervisor on real processes."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from aftercare.backoff import BackOff
from aftercare.supervisor import Child, Supervisor
from domain.errors import UnavailableError

QUICK = BackOff(first=timedelta(milliseconds=50), cap=timedelta(milliseconds=200))
SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_killed_child_is_reported_and_started_again():
    with structlog.testing.capture_logs() as logs, Supervisor([Child("sleep", SLEEP)], back_off=QUICK) as supervisor:
        first = supervisor.pid("sleep")
        os.kill(first, signal.SIGKILL)
        until(lambda: supervisor.restarts("sleep") == 1)

        assert supervisor.pid("sleep") != first
        supervisor.check()

    assert [(line["child"], line["ending"]) for line in logs] == [("sleep", "SIGKILL")]


def test_a_child_that_cannot_be_started_again_at_once_is_tried_until_it_can(tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o700)
    child = Child("program", [str(program)], lifeline=True)  # without a wrapper: what is missing fails here
    with structlog.testing.capture_logs() as logs, Supervisor([child], back_off=QUICK) as supervisor:
        away = program.rename(tmp_path / "away")
        os.kill(supervisor.pid("program"), signal.SIGKILL)
        until(lambda: "child_not_started" in [line["event"] for line in logs])
        away.rename(program)
        until(lambda: supervisor.restarts("program") == 1)

        supervisor.check()


def test_children_stop_in_reverse_order(tmp_path):
    notes = tmp_path / "notes"
    program = (
        "import signal, sys, time\n"
        "def leave(*_):\n"
        "    open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "open(sys.argv[1] + sys.argv[2], 'w')\n"
        "time.sleep(60)"
    )
    children = [
        Child(name, [sys.executable, "-S", "-c", program, str(notes), name], ready=(tmp_path / f"notes{name}").exists)
        for name in "abc"
    ]

    with Supervisor(children):
        pass

    assert notes.read_text() == "cba"


def test_a_child_that_was_started_again_may_end_what_it_is_at_too(tmp_path):
    program = (
        "import os, pathlib, signal, sys, time\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "def leave(*_):\n"
        "    time.sleep(0.3); (folder / f'left{os.getpid()}').touch(); sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "(folder / f'ready{os.getpid()}').touch()\n"
        "time.sleep(60)"
    )
    child = Child("clerk", [sys.executable, "-S", "-c", program, str(tmp_path)])
    with Supervisor([child], back_off=QUICK) as supervisor:
        os.kill(supervisor.pid("clerk"), signal.SIGKILL)
        until(lambda: supervisor.restarts("clerk") == 1)
        pid = supervisor.pid("clerk")
        until((tmp_path / f"ready{pid}").exists)

    assert (tmp_path / f"left{pid}").exists()


def test_a_child_that_ignores_the_signal_is_killed(tmp_path):
    program = "import signal, time, sys; signal.signal(15, signal.SIG_IGN); open(sys.argv[1], 'w'); time.sleep(60)"
    child = Child(
        "deaf",
        [sys.executable, "-S", "-c", program, str(tmp_path / "deaf")],
        ready=(tmp_path / "deaf").exists,
        stop_within=timedelta(seconds=0.2),
    )
    supervisor = Supervisor([child])
    supervisor.start()
    pid = supervisor.pid("deaf")

    supervisor.stop()

    assert not alive(pid)


def test_what_a_child_started_goes_with_it(tmp_path):
    note = tmp_path / "pid"
    program = (
        "import os, subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        "open(sys.argv[1] + '.new', 'w').write(str(other.pid)); os.rename(sys.argv[1] + '.new', sys.argv[1])\n"
        "time.sleep(60)"
    )
    with Supervisor([Child("parent", [sys.executable, "-S", "-c", program, str(note)], ready=note.exists)]):
        grandchild = int(note.read_text())

    until(lambda: not alive(grandchild))


def test_a_child_that_never_starts_is_one_error_with_its_last_words(tmp_path):
    log = tmp_path / "log"
    child = Child("broken", ["sh", "-c", "echo FATAL: no space left; echo bye; exit 3"], ready=lambda: False, log=log)

    with pytest.raises(
        UnavailableError, match="broken ended with exit code 3 before it was ready: FATAL: no space left"
    ):
        Supervisor([child]).start()


def test_a_missing_program_is_one_error(tmp_path):
    child = Child("ghost", ["/no/such/program"], ready=lambda: False, log=tmp_path / "log")

    with pytest.raises(UnavailableError, match="/no/such/program: No such file"):
        Supervisor([child]).start()


def test_children_die_with_a_supervisor_that_is_killed():
    program = (
        "import sys, time\n"
        "from aftercare.supervisor import Child, Supervisor\n"
        "s = Supervisor([Child('sleep', [sys.executable, '-S', '-c', 'import time; time.sleep(60)'])])\n"
        "s.start(); print(s.pid('sleep'), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as owner:
        child = int(owner.stdout.readline())
        assert alive(child)
        owner.kill()

    until(lambda: not alive(child))
