"""Which signs of life are worth a row update: not every reading of a device that reports each second."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from store.devices import News

STEP = timedelta(seconds=10)
"""How far `last_seen_at` and `heard_at` of a device may lag behind its readings."""
STEP_MICROSECONDS = STEP // timedelta(microseconds=1)


class Sightings:
    """Remembers what this process wrote down of each device. In a fleet of many devices each of which sends a row a
    second, writing down every one of them took as long as storing the readings."""

    def __init__(self) -> None:
        self._noted: dict[int, tuple[int, datetime]] = {}
        self._due: dict[int, tuple[int, datetime]] = {}

    def due(self, news: Mapping[int, News], heard_at: datetime) -> dict[int, News]:
        """The news to write down now: a first one, a step of the device's time or of ours, and every status."""
        due = {key: one for key, one in news.items() if one.told or self._is_a_step(key, one.seen, heard_at)}
        self._due = {key: (one.seen, heard_at) for key, one in due.items()}
        return due

    def confirm(self) -> None:
        """What was due last is committed."""
        self._noted.update(self._due)
        self._due = {}

    def _is_a_step(self, key: int, seen: int, heard_at: datetime) -> bool:
        noted = self._noted.get(key)
        return noted is None or seen - noted[0] >= STEP_MICROSECONDS or heard_at - noted[1] >= STEP
