"""The upkeep process: goes round the device models until it is stopped. Several may run; each model is held by one."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from datetime import datetime
from random import Random

import structlog

from aftercare.metrics_server import Pulse, serve_metrics
from aftercare.wiring import Application
from domain.clock import system_clock
from domain.device_model import DeviceModel
from domain.errors import ConfigurationError
from ingest.backoff import Backoff
from ingest.upkeep.births import drop_births
from ingest.upkeep.demand import DemandWatch
from ingest.upkeep.metrics import UpkeepMetrics
from ingest.upkeep.presence import judge_silence
from ingest.upkeep.readings import drop_what_expired, drop_what_was_removed, roll_up_settled, take_written
from service_desk.sla.clocks import watch_clocks
from store import answered_requests
from store.database import Tier, detect_tier
from store.failures import is_of_the_database
from store.migrate import require_current
from store.reading_batches import missing_channels

log = structlog.get_logger()
ROUND_SECONDS = 1.0
BIRTHS_SECONDS = 600.0
"""Between two looks at the births, which go over all of them."""
LONGEST_STEP = 1800.0
"""What one step over one device model may take at most: dropping a chunk after rolling up all that is in it."""
ROLL_UPS_A_ROUND = 5
"""So that the latest values of one device model do not wait for the roll-ups of another's imported history."""


def run(application: Application, stop: threading.Event) -> None:
    """Look after the catalog's device models until `stop` is set. A database that goes away is waited for.

    Raises UnavailableError or ConfigurationError when it cannot begin.
    """
    database = application.database
    tier = _check(application)
    metrics = UpkeepMetrics(database)
    with ThreadPoolExecutor(1, "demand") as aside:
        rounds = _Rounds(application, tier, metrics, Pulse(LONGEST_STEP), DemandWatch(application, aside))
        serve_metrics(application.settings, metrics.registry, rounds.pulse.problem)
        log.info("upkeep started", database=database.name, tier=tier.value)
        _go_round(rounds, stop)
    log.info("upkeep stopped")


def _go_round(rounds: _Rounds, stop: threading.Event) -> None:
    metrics, wait = rounds.metrics, 0.0
    backoff = Backoff(Random(), longest=10.0)  # noqa: S311 -- spreads retries, guards nothing
    while not stop.wait(wait):
        try:
            with metrics.round_seconds.time():
                busy = rounds.go()
            metrics.latest_round.set_to_current_time()
            backoff.reset()
            wait = 0.0 if busy else ROUND_SECONDS
        except Exception as error:
            if not is_of_the_database(error):
                raise
            wait = backoff.next()
            metrics.outages.inc()
            log.warning("upkeep waits for the database", reason=_first_line(error), retry_in=round(wait, 2))


@dataclass(slots=True)
class _Rounds:
    """Goes over everything, and remembers what is due when."""

    application: Application
    tier: Tier
    metrics: UpkeepMetrics
    pulse: Pulse
    demand: DemandWatch
    judged_until: datetime | None = None
    births_due: float = 0.0

    def go(self) -> bool:
        """One round; whether there is more to roll up at once."""
        database = self.application.database
        busy = [self._look_after(device_model) for device_model in self.application.catalog.values()]
        self.judged_until = judge_silence(database, self.judged_until)
        watch_clocks(database, self.application.clock())
        self.demand.look()
        if time.monotonic() >= self.births_due:
            self.metrics.births.inc(drop_births(database, self.application.clock()))
            answered_requests.forget(database, now=system_clock())
            self.births_due = time.monotonic() + BIRTHS_SECONDS
        return any(busy)

    def _look_after(self, device_model: DeviceModel) -> bool:
        self.pulse.beat()
        database = self.application.database
        self.metrics.stretches.labels(device_model.name).inc(take_written(database, device_model).done)
        more = False
        for _ in range(ROLL_UPS_A_ROUND):
            done, more = astuple(roll_up_settled(database, device_model))
            self.metrics.buckets.labels(device_model.name).inc(done)
            if not more:
                break
        drop_what_expired(database, device_model, self.tier, self.application.clock())
        drop_what_was_removed(database, device_model)
        return bool(more)


def _check(application: Application) -> Tier:
    with application.database.transaction() as connection:
        require_current(connection)
        for device_model in application.catalog.values():
            if missing_channels(connection, device_model):
                raise ConfigurationError(f"{device_model.readings_table} is not up to date: run 'aftercare migrate'")
        return detect_tier(connection)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
