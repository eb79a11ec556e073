"""Shows how far a publisher is: a bar on a terminal, a line now and then elsewhere; Ctrl-C and SIGTERM stop it."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Event

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from device_sim import summary
from device_sim.publisher import Publisher

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_LOOKS = 0.2


def watch(publisher: Publisher) -> tuple[summary.Summary, bool]:
    """Run the publisher to its end. Returns its summary, and whether it was stopped early.

    Raises what the publisher raised.
    """
    with _stopped_by_signal(publisher) as stopped:
        running = publisher.start()
        if sys.stderr.isatty():
            _draw_bar(publisher, running)
        else:
            _print_lines(publisher, running)
    return running.result(), stopped.is_set()


def _draw_bar(publisher: Publisher, running: Future[summary.Summary]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        while not wait([running], SECONDS_BETWEEN_LOOKS).done:
            now = publisher.progress()
            bar.update(task, total=now.total, completed=now.acknowledged, description=_where(now))


def _print_lines(publisher: Publisher, running: Future[summary.Summary]) -> None:
    next_line = time.monotonic() + SECONDS_BETWEEN_LINES
    while not wait([running], SECONDS_BETWEEN_LOOKS).done:
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + SECONDS_BETWEEN_LINES
            now = publisher.progress()
            click.echo(f"{_where(now)}: {now.acknowledged} of {now.total} acknowledged", err=True)


def _where(now: summary.Progress) -> str:
    return f"{now.device_time:%Y-%m-%d %H:%M}" if now.connected else "waiting for the broker"


@contextmanager
def _stopped_by_signal(publisher: Publisher) -> Iterator[Event]:
    stopped = Event()

    def stop(*_: object) -> None:
        stopped.set()
        publisher.stop()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
