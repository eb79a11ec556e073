"""What the devices of the chaos run publish: message number n, and in which order the numbers go out.

Number n is one row: device, instant and all ten channels follow from n, so the table itself tells what is missing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import orjson

from aftercare.wiring import load_catalog

MODEL = load_catalog()["compressor"]
CHANNELS = [channel.name for channel in MODEL.channels]
STEP = 0.25
"""Channel i of number n is n + i * STEP."""
DEVICES = 200
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
LATE_BY = 60 * 86_400
"""Seconds by which a late reading is older than its neighbours: it falls into another chunk."""
LATE = (3, 37, 71)
"""Numbers with these last two digits: 3 %."""
Publish = tuple[str, bytes]


def device_name(number: int) -> str:
    return f"chaos-{number % DEVICES}"


def ts_of(number: int) -> int:
    """Epoch seconds."""
    return START + number // DEVICES - (LATE_BY if number % 100 in LATE else 0)


def publishes(number: int) -> list[Publish]:
    """The message of that number; for one in 25 two messages, each with half of the channels."""
    values = {name: number + at * STEP for at, name in enumerate(CHANNELS)}
    parts = [values]
    if number % 25 == 6:
        half = len(CHANNELS) // 2
        parts = [{name: values[name] for name in names} for names in (CHANNELS[:half], CHANNELS[half:])]
    topic = f"devices/{device_name(number)}/telemetry"
    return [(topic, orjson.dumps({"ts": ts_of(number) * 1000, "values": part})) for part in parts]


class Mix:
    """Numbers from `first` on. With `disorder` one in ten goes out up to 3,000 numbers after its turn, and one in
    twenty is said again up to 20,000 numbers later."""

    def __init__(self, first: int, *, disorder: bool, seed: int) -> None:
        self.next = first
        self._disorder = disorder
        self._random = Random(seed)
        self._waiting: list[tuple[int, int, Publish]] = []
        self._pushed = 0

    def take(self) -> Iterator[Publish]:
        """What goes out next when one more number has its turn."""
        number = self.next
        self.next += 1
        out_of_order = self._disorder and number % 10 == 4
        for one in publishes(number):
            self._push(number + (self._random.randrange(3_000) if out_of_order else 0), one)
            if self._disorder and number % 20 == 9:
                self._push(number + self._random.randrange(1, 20_000), one)
        while self._waiting and self._waiting[0][0] <= number:
            yield heapq.heappop(self._waiting)[2]

    def rest(self) -> list[Publish]:
        """What was held back, in its order."""
        held, self._waiting = sorted(self._waiting), []
        return [one for _, _, one in held]

    def _push(self, turn: int, one: Publish) -> None:
        self._pushed += 1
        heapq.heappush(self._waiting, (turn, self._pushed, one))
