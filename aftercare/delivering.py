"""The work of `aftercare deliver`: the broker, the receivers, and what is due; each in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import structlog
from prometheus_client import CollectorRegistry

from aftercare.metrics_server import Pulse, first_problem
from aftercare.threads import run_together
from aftercare.wiring import Application
from alerts.delivery import Transport, follow
from alerts.delivery_metrics import DeliveryMetrics
from alerts.dispatch import DispatchSettings, dispatch
from alerts.dispatch_metrics import DispatchMetrics
from alerts.escalation import escalate
from domain.clock import Clock, system_clock
from store import deliveries
from store.database import Database
from store.failures import is_of_the_database

log = structlog.get_logger()
LONGEST_DELIVERY = 120.0
"""Seconds that connecting, delivering and being confirmed may take together."""
LONGEST_ROUND = 60.0
EXPIRE_EVERY = 600.0
EXPIRED_AT_ONCE = 5000


class Delivering:
    """Delivers to the broker by `transport` and to every receiver. `registry` holds its figures."""

    def __init__(self, application: Application, transport: Transport) -> None:
        self._application, self._transport = application, transport
        self._metrics = DeliveryMetrics(application.database, transport.name, application.clock)
        self.registry: CollectorRegistry = self._metrics.registry
        self._dispatch_metrics = DispatchMetrics(application.database, self.registry)
        self._pulses = [Pulse(LONGEST_DELIVERY), Pulse(LONGEST_ROUND), Pulse(LONGEST_ROUND)]

    def problem(self) -> str | None:
        """Why the process has to be started again; None while each of its threads lives."""
        return first_problem(self._pulses)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. What ends one of the three by an error ends all, and is raised."""
        database, settings = self._application.database, self._application.settings
        to_broker, to_receivers, due = self._pulses
        works = {
            "broker": partial(
                follow,
                database,
                self._transport,
                clock=self._application.clock,
                stop=stop,
                metrics=self._metrics,
                beat=to_broker.beat,
            ),
            "receivers": partial(
                dispatch,
                database,
                # People sleep, and receivers check signatures, by the clock on the wall, also in a replay.
                clock=system_clock,
                stop=stop,
                metrics=self._dispatch_metrics,
                settings=DispatchSettings(settings.event_source, settings.local_receivers, settings.delivery_give_up),
                beat=to_receivers.beat,
            ),
            "due": partial(self._do_what_is_due, database, self._application.clock, stop, due.beat),
        }
        run_together(works, stop)

    def _do_what_is_due(
        self, database: Database, clock: Clock, stop: threading.Event, beat: Callable[[], None]
    ) -> None:
        """Escalations every second, and what the outbox need not keep every ten minutes."""
        expire_at = time.monotonic()
        while not stop.wait(1.0):
            beat()
            try:
                while escalate(database, clock()) and not stop.is_set():
                    beat()
                if time.monotonic() >= expire_at and not self._expire(database, clock):
                    expire_at = time.monotonic() + EXPIRE_EVERY
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                log.warning("escalation waits for the database", reason=str(error).strip().partition("\n")[0])

    def _expire(self, database: Database, clock: Clock) -> bool:
        """Whether there is more to forget."""
        before = clock() - self._application.settings.outbox_retention
        with database.transaction() as connection:
            expired = deliveries.expire(connection, before=before, limit=EXPIRED_AT_ONCE)
        if expired.changes or expired.undelivered:
            log.info("old changes dropped", changes=expired.changes, undelivered=expired.undelivered)
        return expired.changes == EXPIRED_AT_ONCE
