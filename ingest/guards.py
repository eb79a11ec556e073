"""Guards: sessions without a reader that keep what devices publish until ingest is back after a restart of the broker.

Mosquitto saves sessions, their messages and their plain subscriptions, but no shared ones: what devices publish after
its restart, before the first replica has subscribed again, would be acknowledged and dropped. A guard subscribes to the
same topics plainly, so it is restored with the broker. Design and measurements: docs/decisions/0010.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from domain.clock import Clock
from ingest.adoption import Adoption
from ingest.guard_sessions import broker_uptime, end_session, make_session
from ingest.metrics import IngestMetrics
from ingest.sessions import Sessions
from store import ingest_guards
from store.database import Connection
from store.ingest_guards import Guard

log = structlog.get_logger()
RENEW_SECONDS = 5.0
"""How often a new guard takes the place of the one before: what has come by then is all that is kept needlessly."""
MARGIN = timedelta(seconds=1)
"""By how much one thing must have come before another, as two clocks tell."""


class Guards:
    """Looked after by one replica of a group, the one that holds their lock; used by one thread."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        subscribed_for: Callable[[], timedelta | None],
        adopt: Callable[[str, datetime], Adoption],
        clock: Clock,
        metrics: IngestMetrics,
    ) -> None:
        """`subscribed_for`: how long our connection to the broker has stood with its subscriptions, None while it does
        not. `adopt` makes what empties a session, and counts its messages as of an instant."""
        self._sessions = sessions
        self._subscribed_for = subscribed_for
        self._adopt = adopt
        self._clock = clock
        self._metrics = metrics
        self._newest: int | None = None
        self._renewed = 0.0
        self._made: dict[int, float] = {}
        """When we made which guard, by the same clock that tells how long our connection has stood."""
        self._adoption: Adoption | None = None
        self._adopted = 0
        self._leaving = False

    def look(self, connection: Connection) -> None:
        """Renew the guard when it is time, and empty what guards have kept over a restart. `connection` holds the lock.

        Makes no new one while we are not subscribed ourselves: it would not show that the group was dealt the same.
        """
        if self._adoption is not None and self._adoption.is_over:
            self._end_adoption(connection, self._adoption)
        try:
            if time.monotonic() - self._renewed >= RENEW_SECONDS or self._newest is None:
                self._renew(connection)
            self._settle(connection)
        except OSError as error:
            log.warning("the guard at the broker is not renewed for now", reason=error.strerror or str(error))

    def leave(self) -> None:
        """Read no more of what guards have kept, and leave it to others. Fit for a signal."""
        self._leaving = True
        if self._adoption is not None:
            self._adoption.stop_reading()

    def join(self) -> None:
        """Wait a little for the end, after `leave`."""
        if self._adoption is not None:
            self._adoption.join()

    def _renew(self, connection: Connection) -> None:
        if self._subscribed_for() is None:
            return
        number, now = ingest_guards.add(connection, self._sessions.group), time.monotonic()
        make_session(self._sessions, self._sessions.guard_name(number))
        self._newest, self._renewed = number, now
        self._made[number] = now
        self._metrics.guards.inc()

    def _settle(self, connection: Connection) -> None:
        """Give up the guards before the newest: those that kept what was dealt to us as well, unread."""
        guards = ingest_guards.guards(connection, self._sessions.group)
        if self._newest not in [guard.number for guard in guards]:
            self._newest = None
            return
        for guard in guards:
            if guard.number == self._newest or (self._adoption is not None and guard.number == self._adopted):
                continue
            if self._is_needless(guard):
                end_session(self._sessions, self._sessions.guard_name(guard.number))
                self._forget(connection, guard.number)
            elif self._adoption is None and not self._leaving:
                self._begin_adoption(guard)

    def _is_needless(self, guard: Guard) -> bool:
        """Whether everything in the guard was dealt to the group too: its subscriptions were in force when the guard
        was made, and have been since, for our connection has stood, or the broker has run, for longer than that."""
        made = self._made.get(guard.number)
        earliest = guard.age + MARGIN if made is None else timedelta(seconds=time.monotonic() - made)
        subscribed_for = self._subscribed_for()
        if subscribed_for is not None and subscribed_for > earliest:
            return True
        if self._adoption is not None:
            return False  # asked when its turn comes
        uptime = broker_uptime(self._sessions, self._sessions.guard_name(0))
        return uptime is not None and uptime > earliest

    def _begin_adoption(self, guard: Guard) -> None:
        self._adopted = guard.number
        # As of the earliest that they can have come: an old message must not make a dead device look alive.
        since = self._clock() - guard.age
        self._adoption = self._adopt(self._sessions.guard_name(guard.number), since)
        log.info("reading what a guard has kept", session=self._adoption.name, seconds=guard.age.total_seconds())
        self._adoption.start(over=lambda: None)

    def _end_adoption(self, connection: Connection, adoption: Adoption) -> None:
        if adoption.emptied:
            self._forget(connection, self._adopted)
            self._metrics.guarded.inc(adoption.taken)
            log.info("read what a guard had kept", session=adoption.name, messages=adoption.taken)
        self._adoption = None

    def _forget(self, connection: Connection, number: int) -> None:
        ingest_guards.remove(connection, self._sessions.group, number)
        self._made.pop(number, None)
