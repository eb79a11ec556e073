"""The upkeep process: goes round the device models until it is stopped. Several may run; each model is held by one."""

from __future__ import annotations

import threading
import time
from random import Random

import structlog

from aftercare.wiring import Application
from domain.device_model import DeviceModel
from domain.errors import ConfigurationError
from ingest.backoff import Backoff
from ingest.upkeep.births import drop_births
from ingest.upkeep.presence import judge_silence
from ingest.upkeep.readings import drop_what_expired, drop_what_was_removed, roll_up_settled, take_written
from store.database import Tier, detect_tier
from store.failures import is_of_the_database
from store.migrate import require_current
from store.reading_batches import missing_channels

log = structlog.get_logger()
ROUND_SECONDS = 1.0
BIRTHS_SECONDS = 600.0
"""Between two looks at the births, which go over all of them."""
ROLL_UPS_A_ROUND = 5
"""So that the latest values of one device model do not wait for the roll-ups of another's imported history."""


def run(application: Application, stop: threading.Event) -> None:
    """Look after the catalog's device models until `stop` is set. A database that goes away is waited for.

    Raises UnavailableError or ConfigurationError when it cannot begin.
    """
    database = application.database
    tier = _check(application)
    backoff = Backoff(Random(), longest=10.0)  # noqa: S311 -- spreads retries, guards nothing
    log.info("upkeep started", database=database.name, tier=tier.value)
    wait = 0.0
    judged_until = None
    births_due = 0.0
    while not stop.wait(wait):
        try:
            busy = [_go_round(application, device_model, tier) for device_model in application.catalog.values()]
            judged_until = judge_silence(application.database, judged_until)
            if time.monotonic() >= births_due:
                drop_births(application.database, application.clock())
                births_due = time.monotonic() + BIRTHS_SECONDS
            backoff.reset()
            wait = 0.0 if any(busy) else ROUND_SECONDS
        except Exception as error:
            if not is_of_the_database(error):
                raise
            wait = backoff.next()
            log.warning("upkeep waits for the database", reason=_first_line(error), retry_in=round(wait, 2))
    log.info("upkeep stopped")


def _go_round(application: Application, device_model: DeviceModel, tier: Tier) -> bool:
    """One look at one device model; whether there is more to roll up at once."""
    database = application.database
    take_written(database, device_model)
    more = False
    for _ in range(ROLL_UPS_A_ROUND):
        more = roll_up_settled(database, device_model).more
        if not more:
            break
    drop_what_expired(database, device_model, tier, application.clock())
    drop_what_was_removed(database, device_model)
    return more


def _check(application: Application) -> Tier:
    with application.database.transaction() as connection:
        require_current(connection)
        for device_model in application.catalog.values():
            if missing_channels(connection, device_model):
                raise ConfigurationError(f"{device_model.readings_table} is not up to date: run 'aftercare migrate'")
        return detect_tier(connection)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
