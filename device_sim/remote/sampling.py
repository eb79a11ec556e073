"""Readings that a device sends between those of its schedule, while it samples faster."""

from __future__ import annotations

import json
from collections.abc import Iterator

from device_sim.remote.device import Device
from device_sim.remote.settings import HOUR
from device_sim.remote.wire import Utterance

MOST_AT_ONCE = 100


class FastSamplers:
    """The devices that sample faster than their schedule, and how far each has got (device time in seconds)."""

    def __init__(self) -> None:
        self._sent_until: dict[str, tuple[Device, float]] = {}

    def look_at(self, device: Device) -> None:
        """Its configuration may have changed."""
        if device.interval()[0] < HOUR:
            self._sent_until.setdefault(device.machine.name, (device, device.device_time()))

    def due(self, now: float) -> Iterator[Utterance]:
        """The readings since the last call, at most 100 in a message. now: wall time."""
        for name, (device, sent_until) in list(self._sent_until.items()):
            device.tick(now)
            interval, _ = device.interval()
            if interval >= HOUR:
                del self._sent_until[name]
                continue
            first, last = int(sent_until // interval) + 1, int(device.device_time() // interval)
            if first <= last:
                self._sent_until[name] = (device, last * interval)
                yield from _readings(device, [step * interval for step in range(first, last + 1)])


def _readings(device: Device, instants: list[float]) -> Iterator[Utterance]:
    name = device.machine.name
    for start in range(0, len(instants), MOST_AT_ONCE):
        rows = [
            {"ts": int(at * 1000), "values": device.machine.channels(at)}
            for at in instants[start : start + MOST_AT_ONCE]
        ]
        yield Utterance(name, f"devices/{name}/telemetry", json.dumps(rows).encode())
