"""Which device a name stands for: all are remembered, and asked for again after a while.

What comes of a device that is not known yet is read the ordinary way, which takes several times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from store.database import Connection
from store.devices import DeviceRef, find, find_all
from store.removed_devices import keep_devices, latest_removal, removed_after

MAX_AGE = 300.0
"""Seconds after which everything remembered is asked for anew; what has been removed is noticed at once."""
MAX_DEVICES = 200_000
"""As many are asked for without having been heard: 0.3 s and 30 MB at most."""


class DeviceDirectory:
    """Device names to ids. Unknown names are asked for each time, in one query for all of them."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.known: dict[str, DeviceRef] = {}
        self.removed: set[int] = set()
        self._removal: int | None = None
        self._monotonic = monotonic
        self._since: float | None = None

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
            for name in [name for name, device in self.known.items() if device.device_id in self.removed]:
                del self.known[name]

    def find(self, connection: Connection, names: Collection[str]) -> dict[str, DeviceRef]:
        """The devices of these names that are registered."""
        known = self.known
        if self._since is None or self._monotonic() - self._since > MAX_AGE:
            self._recall(connection)
        missing = [name for name in names if name not in known]
        if missing:
            known.update(find(connection, missing))
        return {name: known[name] for name in names if name in known}

    def _recall(self, connection: Connection) -> None:
        """Ask for everything anew. What has not changed stays the same object, by which its messages are known."""
        registered = find_all(connection, MAX_DEVICES)
        for name in self.known.keys() - registered.keys():
            del self.known[name]
        for name, device in registered.items():
            if self.known.get(name) != device:
                self.known[name] = device
        self._since = self._monotonic()

    def forget(self) -> None:
        """Ask for each device anew when it is heard. A batch that is halved again and again does so each time."""
        self.known.clear()
