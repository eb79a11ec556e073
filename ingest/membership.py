"""This replica's place in its group: the slot that it holds, and the slots of replicas that are gone.

Design and measurements: docs/decisions/0009.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from ingest.adoption import Adoption
from ingest.guards import Guards
from ingest.metrics import IngestMetrics
from ingest.orphans import FreeSlots, slots_to_try
from ingest.sessions import Sessions
from store import ingest_guards, ingest_slots
from store.database import Connection
from store.failures import is_of_the_database

log = structlog.get_logger()
LONGEST_PERIOD = 5.0
RETRY_SECONDS = 1.0
LOOKS = 6
"""At least so many looks at a free slot before it is taken over."""


class Membership:
    """Holds one slot through a database connection of its own, in a thread of its own.

    An outage of the database changes nothing at the broker. But once the connection to the broker is lost, another
    process may have taken the slot meanwhile, so the next one waits until the database has said whose it is: two
    processes never go on taking one session from each other.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Connection],
        sessions: Sessions,
        name: str,
        takeover: timedelta,
        adopt: Callable[[str], Adoption],
        guards: Guards,
        answered: Callable[[], None],
        metrics: IngestMetrics,
    ) -> None:
        """`connect` gives a connection that autocommits. `takeover`: how long a slot must be free before its session is
        emptied by what `adopt` makes. `guards`: looked after by one replica of the group.
        `answered` is called when a doubt is settled."""
        self._connect = connect
        self._sessions = sessions
        self._name = name
        self._adopt = adopt
        self._guards = guards
        self._guarding = False
        self._answered = answered
        self._metrics = metrics
        self._period = min(LONGEST_PERIOD, takeover.total_seconds() / LOOKS)
        self._free = FreeSlots(takeover, longest_gap=takeover / 2)
        self._connection: Connection | None = None
        self._slot: int | None = None
        self._doubts = self._doubts_settled = 0
        self._adoption: Adoption | None = None
        self._adopted_slot = 0
        self.adopted = 0
        self._nudged = threading.Event()
        self._leaving = threading.Event()
        self._stopping = threading.Event()

    @property
    def session(self) -> str | None:
        """The session at the broker that is ours; None while the database has not said which."""
        if self._slot is None or self._doubts != self._doubts_settled:
            return None
        return self._sessions.name(self._slot)

    def doubt(self) -> None:
        """The session may be another's by now: the database is asked before anybody connects again."""
        self._doubts += 1
        self._nudged.set()

    def nudge(self) -> None:
        """Have the next look now."""
        self._nudged.set()

    def join(self) -> None:
        """Take a slot. Raises UnavailableError when the database is away."""
        self._look()

    def run(self) -> None:
        """Hold the slot and look after those that were left behind, until `stop`."""
        while not self._stopping.is_set():
            self._nudged.wait(self._period if self._connection else min(RETRY_SECONDS, self._period))
            self._nudged.clear()
            try:
                self._look()
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                if self._connection is not None:
                    log.info("our slot is kept without the database for now", reason=type(error).__name__)
                self._disconnect()
        self._resign()

    def leave(self) -> None:
        """Take over nothing more, and read no more of what is being taken over. Fit for a signal."""
        self._leaving.set()
        if self._adoption is not None:
            self._adoption.stop_reading()
        self._guards.leave()

    def stop(self) -> None:
        """End `run`, which lets the slot go: its session stays for whoever takes it next."""
        self._stopping.set()
        self._nudged.set()

    def _look(self) -> None:
        doubts = self._doubts
        if self._connection is None:
            self._connection = self._connect()
            ingest_slots.watch_line(self._connection)
            self._hold_again(self._connection)
        connection, group = self._connection, self._sessions.group
        for slot in self._held:
            ingest_slots.note_held(connection, group, slot, self._name)
        if self._adoption is not None and self._adoption.is_over:
            self._end_adoption(connection, self._adoption)
        free = [slot.number for slot in ingest_slots.slots(connection, group) if not slot.held]
        left_behind = self._free.look(free, time.monotonic())
        if left_behind and self._adoption is None and not self._leaving.is_set():
            self._begin_adoption(connection, left_behind[0])
        self._guarding = self._guarding or ingest_guards.hold(connection, group)
        if self._guarding:
            self._guards.look(connection)
        if doubts != self._doubts_settled:
            self._doubts_settled = doubts
            self._answered()

    @property
    def _held(self) -> list[int]:
        own = [] if self._slot is None else [self._slot]
        return own if self._adoption is None else [*own, self._adopted_slot]

    def _hold_again(self, connection: Connection) -> None:
        """Take the slots that we had, as far as no other process has taken them since the last connection ended."""
        group = self._sessions.group
        if self._adoption is not None and not ingest_slots.hold(connection, group, self._adopted_slot, self._name):
            self._adoption = None  # whoever has it disconnects us at the broker
        adopted = None if self._adoption is None else self._adopted_slot  # which this connection could lock once more
        used = [slot.number for slot in ingest_slots.slots(connection, group)]
        taken = next(
            slot
            for slot in slots_to_try(used, self._slot)
            if slot != adopted and ingest_slots.hold(connection, group, slot, self._name)
        )
        if self._slot not in (None, taken):
            log.warning("another replica has our slot by now, so we take another one", slot=self._slot, taken=taken)
        self._slot = taken

    def _begin_adoption(self, connection: Connection, slot: int) -> None:
        if not ingest_slots.hold(connection, self._sessions.group, slot, self._name):
            return
        self._adopted_slot = slot
        self._adoption = self._adopt(self._sessions.name(slot))
        log.info("taking over a session that was left behind", session=self._adoption.name)
        self._adoption.start(over=self._nudged.set)
        if self._leaving.is_set():
            self._adoption.stop_reading()

    def _end_adoption(self, connection: Connection, adoption: Adoption) -> None:
        if adoption.emptied:
            ingest_slots.remove(connection, self._sessions.group, self._adopted_slot, adoption.name)
            self.adopted += 1
            self._metrics.adopted.inc()
            log.info("session taken over", session=adoption.name, messages=adoption.taken)
        ingest_slots.let_go(connection, self._sessions.group, self._adopted_slot)
        self._adoption = None

    def _resign(self) -> None:
        if self._adoption is not None:
            self._adoption.join()
        self._guards.join()
        try:
            if self._connection is not None:
                for slot in self._held:
                    ingest_slots.let_go(self._connection, self._sessions.group, slot)
        except Exception as error:
            if not is_of_the_database(error):
                raise
            log.info("the database is away and lets our slot go by itself", reason=type(error).__name__)
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection, self._guarding = None, False
