"""Empties the session that a lost ingest replica left at the broker, and ends it.

First its subscriptions are cancelled, so that the broker deals it no further share. What waits in it, and what its
owner had not acknowledged, is delivered all the same (MQTT 5.0, section 3.10.4; measured with Mosquitto 2.0).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from domain.clock import Clock
from ingest.inbox import Inbox
from ingest.link import Link
from ingest.packets import ProtocolError
from ingest.receipts import Receipts
from ingest.sessions import Sessions
from ingest.wakeup import Wakeup

log = structlog.get_logger()
JOIN_SECONDS = 1.0
QUIET_SECONDS = 1.0
"""A broker that answers a ping has sent what was before it; one that keeps its queues elsewhere gets so much longer."""


class Adoption:
    """The end of one session: its messages go the way of our own, and are acknowledged when they are committed."""

    def __init__(
        self,
        name: str,
        *,
        sessions: Sessions,
        inbox: Inbox,
        receipts: Receipts,
        clock: Clock,
        finished: Callable[[], bool],
    ) -> None:
        """`name`: of the session. `finished`: whether nothing more will be written."""
        self.name = name
        self.taken = 0
        self.is_over = False
        self.emptied = False
        """Whether the session was emptied and has ended. Otherwise it keeps what is left in it for another try."""
        self._sessions = sessions
        self._inbox = inbox
        self._receipts = receipts
        self._clock = clock
        self._finished = finished
        self._wakeup = Wakeup()
        self._unacknowledged = 0
        self._reading = True
        self._thread = threading.Thread(target=self._run, name="ingest-adoption", daemon=True)

    def start(self, over: Callable[[], None]) -> None:
        """Begin, in a thread of its own, which calls `over` when it ends."""
        self._over = over
        self._thread.start()

    def stop_reading(self) -> None:
        """Take in nothing more and leave the rest to others. Fit for a signal."""
        self._reading = False
        self._wakeup.set()

    def join(self) -> None:
        """Wait a little for the end, after `stop_reading`."""
        self._wakeup.set()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        try:
            problem = self._empty()
        except (OSError, UnicodeError, ProtocolError) as error:
            problem = str(error)
        finally:
            self.is_over = True
            self._over()
        if not self.emptied:
            log.warning("a session is not taken over yet", session=self.name, reason=problem)

    def _empty(self) -> str | None:
        """Empty the session, or tell why that failed."""
        number = self._receipts.open(self._wakeup)
        try:
            link = self._sessions.open(self.name, number, subscribe=False)
            try:
                self.emptied = self._talk(link)
            finally:
                link.close()
            return link.problem
        finally:
            self._receipts.close(number)

    def _talk(self, link: Link) -> bool:
        """Whether the session was emptied and ended before there was a problem."""
        quiet_since, asked = time.monotonic(), False
        while link.problem is None:
            last = self._finished()
            acknowledged = self._receipts.take(link.number)
            link.acknowledge(acknowledged)
            self._unacknowledged -= len(acknowledged)
            if last:
                link.leave()
                return False
            listening = not link.accepted or (self._reading and self._inbox.has_room)
            link.attend(listening=listening)
            if link.wait(self._wakeup, listening=listening) and self._read(link):
                quiet_since, asked = time.monotonic(), False
            self._wakeup.clear()
            if not link.settled or self._unacknowledged or time.monotonic() - quiet_since < QUIET_SECONDS:
                continue
            if asked and link.answered:
                link.leave(end_session=True)
                return True
            if not asked:
                link.ask()
                asked = True
        return False

    def _read(self, link: Link) -> int:
        """Hand on what has come, and tell how many messages that was."""
        count = 0
        for messages in link.read(self._clock):
            self._inbox.put(messages)
            self._unacknowledged += sum(message.delivery is not None for message in messages)
            count += len(messages)
            if not self._inbox.has_room:
                break
        self.taken += count
        return count
