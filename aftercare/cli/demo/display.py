"""What the demo shows while it works: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

PLAIN_LINE_SECONDS = 10.0


class Display:
    """Writes to one console; nothing else may write to it meanwhile."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text, highlight=False, soft_wrap=True)

    def show(self, table: Table) -> None:
        """A table."""
        self.console.print(table)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One line when a step is done, with how long it took; a spinner meanwhile on a terminal."""
        began = time.monotonic()
        with self.console.status(title):
            yield
        self.console.print(f"{title}: {time.monotonic() - began:.1f} s")

    @contextmanager
    def live(self, total: int) -> Iterator[LiveLine]:
        """Progress of the live replay over `total` readings."""
        columns = (
            TextColumn("[bold]live"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} readings  {task.description}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, disable=not self.console.is_terminal) as progress:
            yield LiveLine(self.console, progress, progress.add_task("", total=total), total)


class LiveLine:
    """The line that tells how far the live replay is."""

    def __init__(self, console: Console, progress: Progress, task: TaskID, total: int) -> None:
        self._console, self._progress, self._task, self._total = console, progress, task, total
        self._told = time.monotonic()

    def update(self, *, sent: int, device_time: datetime, tickets: int, failures: int) -> None:
        """Readings that the broker confirmed, the fleet's present, and what happened by then."""
        story = f"{device_time:%d %b %H:%M}  {tickets} tickets  {failures} failures"
        self._progress.update(self._task, completed=sent, description=story)
        if not self._console.is_terminal and time.monotonic() - self._told >= PLAIN_LINE_SECONDS:
            self._told = time.monotonic()
            self._console.print(f"live: {sent:,} of {self._total:,} readings  {story}")
