"""Goes on with runs by itself: what telemetry or a command has answered, and what nobody has answered in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from diagnostics.metrics import DiagnosticsMetrics
from diagnostics.troubleshooting.runs import advance
from domain.clock import Clock
from domain.device_model import DeviceModel
from store import troubleshooting
from store.database import Database
from store.failures import is_of_the_database
from store.retry import in_transaction

log = structlog.get_logger()
ROUND = 0.2
RETRY = 1.0
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Troubleshooter:
    """Any number of these may run: a run is locked while one of them is at it."""

    database: Database
    catalog: Mapping[str, DeviceModel]
    clock: Clock
    metrics: DiagnosticsMetrics

    def run(self, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Until `stop` is set. A database that is away is waited for."""
        while not stop.is_set():
            beat()
            try:
                self.look_after(stop)
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                self.metrics.outages.inc()
                log.warning("troubleshooting waits for the database", reason=str(error).strip().partition("\n")[0])
                stop.wait(RETRY)
            stop.wait(ROUND)

    def look_after(self, stop: threading.Event) -> int:
        """Every run that has something to do now, once; how many there were."""
        after = done = 0
        while not stop.is_set():
            now = self.clock()
            with self.database.transaction() as connection:
                places = troubleshooting.to_do(connection, now=now, after=after, limit=AT_ONCE)
            for place in places:
                in_transaction(self.database, partial(advance, catalog=self.catalog, place=place, now=now))
            done += len(places)
            if len(places) < AT_ONCE:
                break
            after = places[-1].run_id
        return done
