"""Looks after what was written of one device model. Each function is one transaction, or none when another process
holds the device model: then that one does the work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.device_model import DeviceModel
from store.database import Connection, Database, Tier
from store.dirty_buckets import hold_upkeep, keep_for_rolling_up, take
from store.latest import renew_latest
from store.removed_devices import drop_readings, has_removed
from store.retention import drop_expired, is_due, remove_too_late
from store.retry import in_transaction
from store.rollups import BUCKETS_AT_ONCE, roll_up
from store.rule_memories import note_unjudged

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """How much was done, and whether there is more to do at once."""

    done: int
    more: bool


NOTHING = Progress(0, more=False)


def take_written(database: Database, device_model: DeviceModel) -> Progress:
    """Bring the latest values up to date, and note what is to be rolled up; done counts stretches."""

    def work(connection: Connection) -> Progress:
        return _take(connection, device_model) if hold_upkeep(connection, device_model) else NOTHING

    return in_transaction(database, work)


def roll_up_settled(database: Database, device_model: DeviceModel, *, settled: timedelta | None = None) -> Progress:
    """Roll up buckets that have been dirty for `settled`, by default for as long as suits the device model; done counts
    them."""

    def work(connection: Connection) -> Progress:
        if not hold_upkeep(connection, device_model):
            return NOTHING
        count = roll_up(connection, device_model, settled=settled)
        return Progress(count, more=count == BUCKETS_AT_ONCE)

    return in_transaction(database, work)


def drop_what_expired(database: Database, device_model: DeviceModel, tier: Tier, now: datetime) -> bool:
    """Drop a chunk that the device model keeps no longer, if there is one, after rolling up everything in it."""

    def work(connection: Connection) -> bool:
        if not is_due(connection, device_model, now) or not hold_upkeep(connection, device_model):
            return False
        while _take(connection, device_model).more:
            pass
        while roll_up(connection, device_model, settled=timedelta()):
            pass
        oldest = drop_expired(connection, device_model, tier, now)
        log.info("readings dropped", device_model=device_model.name, kept_from=oldest.isoformat())
        return True

    return in_transaction(database, work)


def drop_what_was_removed(database: Database, device_model: DeviceModel) -> int:
    """Drop the readings of devices that were removed; how many devices that were."""

    def work(connection: Connection) -> int:
        if not has_removed(connection, device_model) or not hold_upkeep(connection, device_model):
            return 0
        while _take(connection, device_model).more:
            pass
        return drop_readings(connection, device_model)

    dropped = in_transaction(database, work)
    if dropped:
        log.info("readings of removed devices dropped", device_model=device_model.name, devices=dropped)
    return dropped


def _take(connection: Connection, device_model: DeviceModel) -> Progress:
    taken = take(connection, device_model)
    if taken is None:
        return NOTHING
    too_late = remove_too_late(connection, device_model, taken)
    if too_late:
        log.warning("readings came too late", device_model=device_model.name, count=too_late)
    renew_latest(connection, device_model, taken)
    keep_for_rolling_up(connection, device_model)
    note_unjudged(connection, device_model)
    return Progress(taken.stretches, more=True)
