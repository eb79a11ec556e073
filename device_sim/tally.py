"""Counts acknowledgements into the summary, each reading and event once, and writes them to a file when asked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np

from device_sim.errors import InvalidSimulationError
from device_sim.schedule import Fault, Message, Schedule, Source
from device_sim.summary import PublishedFailure, Summary


class Tally:
    """What was acknowledged so far. `settled` counts PUBACKs of readings and events, repeats and refusals included."""

    def __init__(self, schedule: Schedule, sent: Path | None) -> None:
        """`sent` gets a line (device, ts, kind) per acknowledged reading or event, each once.

        Raises InvalidSimulationError when it cannot be written.
        """
        self.settled = 0
        self.summary = Summary(total=len(schedule))
        self._schedule = schedule
        self._seen = {source: np.zeros(len(schedule), dtype=bool) for source in Source}
        self._lines: IO[str] | None = None
        if sent:
            try:
                self._lines = sent.open("w", encoding="utf-8", buffering=1)
            except OSError as error:
                raise InvalidSimulationError(f"cannot write {sent}: {error.strerror}") from error
            self._lines.write("device,ts,kind\n")

    def acknowledged(self, message: Message, taken: bool) -> None:
        """A PUBACK came for the message; `taken` is False when it says that the broker refused it."""
        self.settled += 1
        if not taken:
            self.summary.refused += 1
            return
        if message.fault is not Fault.NONE:
            self.summary.faults[message.fault.name.lower()] += 1
        if message.fault is not Fault.MALFORMED and self._is_new(message):
            self._count(message)

    def _is_new(self, message: Message) -> bool:
        seen = self._seen[message.source]
        if message.row >= len(seen):  # the schedule has grown
            self._seen[message.source] = seen = np.concatenate([seen, np.zeros(message.row + 1, dtype=bool)])
        if seen[message.row]:
            return False
        seen[message.row] = True
        return True

    def close(self) -> None:
        if self._lines:
            self._lines.close()

    def _count(self, message: Message) -> None:
        counts = self.summary.readings if message.source is Source.READING else self.summary.events
        counts[message.device] += 1
        ts = datetime.fromtimestamp(message.ts / 1000, UTC)
        mode = self._schedule.failure_mode(message)
        if mode:
            self.summary.failures.append(PublishedFailure(message.device, mode, ts))
        if self._lines:
            self._lines.write(f"{message.device},{ts.isoformat()},{message.source.name.lower()}\n")
