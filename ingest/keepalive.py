"""When to send a ping, and when a silent broker counts as lost. Pure: time is given.

paho's own check cannot be used: while there is no room for messages the connection is not read, so the answer to a ping
waits behind them, and paho would give up a connection that is well.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Keepalive:
    """Pings after half of `interval` (seconds) of silence, in either direction.

    The broker is lost when nothing came for another half after a ping, all the while being listened to.
    """

    interval: float
    sent: float
    heard: float
    waiting_since: float | None = None

    def note_heard(self, now: float) -> None:
        """Something came from the broker."""
        self.heard = now
        self.waiting_since = None

    def ping_is_due(self, now: float, *, listening: bool) -> bool:
        """Whether to send a ping now; notes that it is sent. `listening`: whether an answer would be read."""
        half = self.interval / 2
        if not listening:
            self.waiting_since = None
        unheard = listening and self.waiting_since is None and now - self.heard >= half
        if now - self.sent < half and not unheard:
            return False
        self.sent = now
        if listening and self.waiting_since is None:
            self.waiting_since = now
        return True

    def is_lost(self, now: float) -> bool:
        """Whether the broker has been silent for too long."""
        return self.waiting_since is not None and now - self.waiting_since >= self.interval / 2
