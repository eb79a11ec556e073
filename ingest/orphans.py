"""Which slots nobody has held for long enough that they count as left behind. Pure: time is given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta


class FreeSlots:
    """How long each slot has been seen free, look by look.

    After an outage of the database all slots are free, until their owners are back. So only an unbroken row of looks
    counts, and an outage begins it anew. Source: the lease that an observer times by its own clock, as in Gray and
    Cheriton, Leases (1989).
    """

    def __init__(self, patience: timedelta, longest_gap: timedelta) -> None:
        """A slot counts as left behind after `patience`. More than `longest_gap` between two looks breaks the row."""
        self._patience = patience.total_seconds()
        self._longest_gap = longest_gap.total_seconds()
        self._since: dict[int, float] = {}
        self._looked = float("-inf")

    def look(self, free: Iterable[int], now: float) -> list[int]:
        """Note which slots are free now (seconds of a steady clock); those that were left behind, lowest first."""
        if now - self._looked > self._longest_gap:
            self._since = {}
        self._looked = now
        self._since = {slot: self._since.get(slot, now) for slot in free}
        return sorted(slot for slot, since in self._since.items() if now - since >= self._patience)


def slots_to_try(used: Iterable[int], preferred: int | None = None) -> Iterable[int]:
    """Slots in the order in which a replica tries to take one: the one that it had, then those that have been used and
    so may have a session with messages in it, then new ones; each from the lowest."""
    known = sorted(set(used))
    tried = [*([preferred] if preferred is not None else []), *(slot for slot in known if slot != preferred)]
    yield from tried
    slot = 0
    while True:
        slot += 1
        if slot not in tried:
            yield slot
