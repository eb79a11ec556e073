"""Keeps child processes running: crashed ones are started again, and none outlives the supervisor."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from aftercare import supervised
from aftercare.backoff import BackOff
from domain.errors import UnavailableError

POLL_SECONDS = 0.1
log = structlog.get_logger()


@dataclass(frozen=True)
class Child:
    """A process to keep running.

    `ready` tells whether it serves yet; none: at once. `lifeline`: the command stops when its standard input closes,
    as services under `embedded.lifeline` do; others get SIGTERM. `log` takes its output, else it goes where ours goes.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    ready: Callable[[], bool] | None = None
    ready_within: timedelta = timedelta(seconds=60)
    stop_within: timedelta = timedelta(seconds=20)
    lifeline: bool = False
    log: Path | None = None


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    started: float
    watched: bool = False
    crashes: int = 0
    restarts: int = 0
    restart_at: float | None = None
    log_start: int = 0


class Supervisor:
    """Starts children in order and stops them in reverse order.

    Children die with the thread that calls `start()`, so call it from one that lives until `stop()`.
    """

    def __init__(self, children: Sequence[Child], *, back_off: BackOff | None = None, seed: int | None = None) -> None:
        self._children = list(children)
        self._back_off = back_off or BackOff()
        self._random = random.Random(seed)  # noqa: S311 - spreads restarts, guards nothing
        self._running: dict[str, _Running] = {}
        self._lock = threading.RLock()
        self._stopping, self._stopped = threading.Event(), threading.Event()
        self._monitor: threading.Thread | None = None

    def __enter__(self) -> Supervisor:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start each child and wait until it is ready. Raises UnavailableError, with all stopped, when one is not."""
        try:
            for child in self._children:
                self.launch(child)
                self.wait_ready(child)
        except BaseException:
            self.stop()
            raise

    def launch(self, child: Child) -> None:
        """Start one child without waiting for it; it is watched from `wait_ready` on."""
        with self._lock:
            self._running[child.name] = _spawn(child)

    def wait_ready(self, child: Child) -> None:
        """Wait until a launched child is ready, and watch it from then on. Raises UnavailableError when it is not."""
        running = self._running[child.name]
        deadline = time.monotonic() + child.ready_within.total_seconds()
        while child.ready is not None and not child.ready():
            if running.process.poll() is not None:
                break
            if time.monotonic() > deadline:
                seconds = child.ready_within.total_seconds()
                raise UnavailableError(f"{child.name} was not ready within {seconds:g} s{_last_words(running)}")
            time.sleep(POLL_SECONDS)
        if running.process.poll() is not None:
            ending = describe_exit(running.process.returncode)
            raise UnavailableError(f"{child.name} ended with {ending} before it was ready{_last_words(running)}")
        with self._lock:
            running.watched = True
            if self._monitor is None:
                self._monitor = threading.Thread(target=self._watch, name="supervisor", daemon=True)
                self._monitor.start()

    def stop(self) -> None:
        """Stop every child, the last started first; what does not stop in time is killed. Twice is no error."""
        self._stopping.set()
        with self._lock:
            for running in reversed(self._running.values()):
                _stop(running)
            self._running.clear()
        self._stopped.set()
        if self._monitor is not None:
            self._monitor.join()

    def pid(self, name: str) -> int:
        """Process id of the child, of the last one started when it was restarted."""
        with self._lock:
            return self._running[name].process.pid

    def restarts(self, name: str) -> int:
        """How often the child was started again after a crash."""
        with self._lock:
            return self._running[name].restarts

    def check(self) -> None:
        """Raises UnavailableError naming the children that are down at this moment."""
        with self._lock:
            down = [name for name, running in self._running.items() if running.process.poll() is not None]
        if down:
            raise UnavailableError(f"{', '.join(down)} crashed and will be started again: see the log lines above")

    def _watch(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            with self._lock:
                for running in self._running.values():
                    if running.watched and running.process.poll() is not None:
                        self._attend(running, time.monotonic())
        self._stopped.wait()  # children that were started again from here die with this thread

    def _attend(self, running: _Running, now: float) -> None:
        """Report a crash once, and start again when its wait is over."""
        if running.restart_at is None:
            running.crashes = self._back_off.crashes_in_a_row(running.crashes, timedelta(seconds=now - running.started))
            ending = describe_exit(running.process.returncode)
            self._put_off(running, now, "child_crashed", ending)
            _release(running)
        elif now >= running.restart_at:
            try:
                fresh = _spawn(running.child)
            except OSError as error:  # too little memory, too many open files: it may be over soon
                running.crashes += 1
                self._put_off(running, now, "child_not_started", str(error))
                return
            running.process, running.started, running.restart_at = fresh.process, fresh.started, None
            running.restarts += 1

    def _put_off(self, running: _Running, now: float, event: str, ending: str) -> None:
        wait = self._back_off.delay(running.crashes, self._random.random()).total_seconds()
        running.restart_at = now + wait
        log.warning(event, child=running.child.name, ending=ending, restart_in_seconds=round(wait, 2))


def describe_exit(code: int) -> str:
    """`exit code 3` or `SIGKILL`."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _spawn(child: Child) -> _Running:
    wrapper = [] if child.lifeline else [sys.executable, "-I", "-S", supervised.__file__, str(os.getpid())]
    output = child.log.open("ab") if child.log else None
    log_start = output.tell() if output else 0
    try:
        process = subprocess.Popen(
            [*wrapper, *child.argv],
            env=child.env,
            stdin=subprocess.PIPE if child.lifeline else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,  # Ctrl-C in the terminal is for us alone
        )
    finally:
        if output:
            output.close()
    return _Running(child, process, time.monotonic(), log_start=log_start)


def _stop(running: _Running) -> None:
    process = running.process
    if running.restart_at is not None:
        return  # crashed, and already cleaned up
    if process.stdin is not None:
        process.stdin.close()
    else:
        process.terminate()
    try:
        process.wait(running.child.stop_within.total_seconds())
    except subprocess.TimeoutExpired:
        log.warning("child_killed", child=running.child.name, reason="did not stop in time")
        with suppress(PermissionError):  # sudo's child is root's; its lifeline sees to it
            process.kill()
            process.wait()
    _release(running)


def _release(running: _Running) -> None:
    """Kill what an ended child left behind in its session; a lifeline has done so itself."""
    if running.process.stdin is not None:
        running.process.stdin.close()
        return
    with suppress(ProcessLookupError):
        os.killpg(running.process.pid, signal.SIGKILL)


def _last_words(running: _Running) -> str:
    """What the child last wrote, an error before anything else, for the message."""
    if running.child.log is None:
        return ": see the lines above"
    with running.child.log.open("rb") as written:
        written.seek(running.log_start)
        lines = [line.strip() for line in written.read().decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line.lower()] or lines
    return f": {telling[-1]} ({running.child.log})" if telling else f" ({running.child.log})"
