"""Tells the database how far ingest has listened, so that silence can be told from not listening."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from domain.clock import Clock
from store.database import Connection
from store.failures import is_of_the_database
from store.presence import beat

log = structlog.get_logger()
PERIOD = 5.0
"""Seconds between two beats."""
POLL = 0.05


@dataclass(frozen=True, slots=True)
class Progress:
    """How far ingest is. listening: the broker's messages come in and nothing holds them back. taken_in, stored: how
    many messages came in so far, and how many of them are committed."""

    listening: bool
    taken_in: int
    stored: int


class Heartbeat:
    """Beats in a thread of its own: each beat says that what had come in when it began is stored by now."""

    def __init__(
        self,
        *,
        connect: Callable[[], Connection],
        session: Callable[[], str | None],
        session_expiry: timedelta,
        clock: Clock,
        progress: Callable[[], Progress],
        period: float = PERIOD,
    ) -> None:
        self._connect = connect
        self._session = session
        self._session_expiry = session_expiry
        self._clock = clock
        self._progress = progress
        self._period = period
        self._stopping = threading.Event()

    def run(self) -> None:
        """Beat until `stop`. While ingest does not listen, or cannot store, there is no beat."""
        while not self._stopping.wait(self._period):
            try:
                self._beat()
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                log.info("no heartbeat: the database is away", reason=type(error).__name__)

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()

    def _beat(self) -> None:
        stored_until = self._clock()
        session = self._session()
        wanted = self._progress().taken_in
        deadline = time.monotonic() + self._period
        while (progress := self._progress()).stored < wanted:
            if time.monotonic() > deadline or self._stopping.wait(POLL):
                return
        if progress.listening and session is not None and session == self._session():
            with self._connect() as connection:
                beat(connection, session, stored_until=stored_until, session_expiry=self._session_expiry)
