"""The controllers of a whole fleet: hands each its messages, lets commands go on when it is time, counts executions."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import IO

from device_sim.errors import InvalidSimulationError
from device_sim.remote.behaviour import Behaviour
from device_sim.remote.device import Device, Replan, Running
from device_sim.remote.machine import Machine
from device_sim.remote.sampling import FastSamplers
from device_sim.remote.wire import Incoming, Request, Utterance, wanted_topics


class Answering:
    """Twin and commands of a fleet. Everything happens in the thread that calls; `now` is wall time."""

    def __init__(
        self,
        machines: Mapping[str, Machine],
        behaviours: Mapping[str, Behaviour] | None = None,
        executions: Path | None = None,
    ) -> None:
        """executions: a CSV file that gets a line (device, id, command, begun_at) for each command that is begun.

        Raises InvalidSimulationError when it cannot be written.
        """
        self.counts: Counter[str] = Counter()
        self._machines, self._behaviours = machines, behaviours or {}
        self._devices: dict[str, Device] = {}
        self._at_work: list[tuple[float, int, Device, Running]] = []
        self._said: deque[Utterance] = deque()
        self._samplers = FastSamplers()
        self._numbers = count()
        self._now = 0.0
        self._lines = _open(executions) if executions else None

    def begin(self, clock: Callable[[float], float], replan: Replan) -> None:
        """Before anything else. clock: device time at a wall time. replan: what a cleaning changes."""
        names = list(self._machines)
        for place, (name, machine) in enumerate(self._machines.items()):
            behaviour = self._behaviours.get(name, Behaviour.GOOD)
            neighbour = names[(place + 1) % len(names)]
            self._devices[name] = Device(machine, behaviour, clock, self._executed, replan, neighbour)

    def wanted(self, devices: Iterable[str]) -> list[str]:
        """The topics that these devices subscribe to."""
        return [topic for name in devices if name in self._devices for topic in wanted_topics(name)]

    def connected(self, devices: Iterable[str], now: float) -> None:
        """These devices have a connection (again)."""
        for name in devices:
            if name in self._devices:
                self._said.extend(self._devices[name].introduce(now))

    def hear(self, heard: Incoming, now: float) -> None:
        """A message came for the device that its topic names."""
        self._now = now
        device = self._devices.get(heard.topic.split("/")[1])
        if device is None:
            self.counts["for_nobody"] += 1
            return
        self.counts["heard"] += 1
        said, running = device.hear(heard, now)
        self._said.extend(said)
        self._samplers.look_at(device)
        if running:
            heapq.heappush(self._at_work, (now + device.delay(), next(self._numbers), device, running))

    def due(self, now: float) -> Iterator[Utterance]:
        """What is to be said now, in order."""
        while self._at_work and self._at_work[0][0] <= now:
            _, _, device, running = heapq.heappop(self._at_work)
            said, pause = device.go_on(running, now)
            self._said.extend(said)
            self._samplers.look_at(device)
            if pause is not None:
                heapq.heappush(self._at_work, (now + pause, next(self._numbers), device, running))
        self._said.extend(self._samplers.due(now))
        while self._said:
            self.counts["said"] += 1
            yield self._said.popleft()

    def next_due(self) -> float:
        """Wall time at which a command goes on; infinity when none does."""
        return self._at_work[0][0] if self._at_work else float("inf")

    def close(self) -> None:
        if self._lines:
            self._lines.close()

    def _executed(self, device: str, request: Request) -> None:
        self.counts["executed"] += 1
        if self._lines:
            at = datetime.fromtimestamp(self._now, UTC).isoformat()
            self._lines.write(f"{device},{request.id},{request.command},{at}\n")


def _open(executions: Path) -> IO[str]:
    try:
        lines = executions.open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        raise InvalidSimulationError(f"cannot write {executions}: {error.strerror}") from error
    lines.write("device,id,command,begun_at\n")
    return lines
