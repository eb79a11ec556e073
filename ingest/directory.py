"""Which device a name stands for: remembered for a while, so that a change is noticed without a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from store.database import Connection
from store.devices import DeviceRef, find
from store.removed_devices import keep_devices, latest_removal, removed_after

MAX_AGE = 60.0
"""Seconds after which everything remembered is asked for anew, so that names that are heard no more are forgotten."""


class DeviceDirectory:
    """Device names to ids. Unknown names are asked for each time, in one query for all of them."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.known: dict[str, DeviceRef] = {}
        self.removed: set[int] = set()
        self._removal: int | None = None
        self._monotonic = monotonic
        self._since = monotonic()

    def look_for_removals(self, connection: Connection) -> None:
        """Forget what has been removed, and have the rest stay until the transaction ends.

        `removed` are ids under which messages may have been read before; none of them is given to another device.
        """
        keep_devices(connection)
        if self._removal is None:  # nothing was read before the first transaction
            self._removal = latest_removal(connection)
        self._removal, gone = removed_after(connection, self._removal)
        if gone:
            self.removed.update(gone)
            self.forget()

    def find(self, connection: Connection, names: Collection[str]) -> dict[str, DeviceRef]:
        """The devices of these names that are registered."""
        if self._monotonic() - self._since > MAX_AGE:
            self.forget()
        known = self.known
        missing = [name for name in names if name not in known]
        if missing:
            known.update(find(connection, missing))
        return {name: known[name] for name in names if name in known}

    def forget(self) -> None:
        """Ask for every device anew."""
        self.known.clear()
        self._since = self._monotonic()
