"""A device model that reads once a second, two of its devices, and what upkeep does, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from aftercare.wiring import Catalog
from domain.device import Device
from domain.device_model import Channel, DeviceModel
from ingest.upkeep.readings import drop_what_expired, roll_up_settled, take_written
from store import devices, reading_batches
from store.database import Database, Tier
from store.migrate import migrate
from store.reading_block import ReadingBlock
from store.rollup_levels import LEVELS

START = datetime(2026, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
Values = Mapping[str, float]


@dataclass
class Store:
    """What the tests of reading back stand on."""

    database: Database
    device_model: DeviceModel

    def write(self, device_id: int, rows: Mapping[datetime, Values]) -> None:
        """Write readings as ingest does, in one transaction."""
        instants = sorted(rows)
        names = [channel.name for channel in self.device_model.channels]
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        block = ReadingBlock(
            device_id=np.full(len(rows), device_id, dtype=np.int64),
            ts=np.array([(ts - epoch) // MICROSECOND for ts in instants], dtype=np.int64),
            values=np.array([[rows[ts].get(name, np.nan) for name in names] for ts in instants], dtype=np.float64),
        )
        with self.database.transaction() as connection:
            reading_batches.write(connection, self.device_model, block)

    def take(self) -> int:
        return take_written(self.database, self.device_model).done

    def roll_up(self) -> int:
        return roll_up_settled(self.database, self.device_model, settled=timedelta()).done

    def drop(self, now: datetime, tier: Tier = Tier.APACHE) -> bool:
        return drop_what_expired(self.database, self.device_model, tier, now)

    def register(self, *names: str) -> None:
        with self.database.transaction() as connection:
            for name in names:
                devices.save(connection, [Device(name, self.device_model.name, service_centre="main")])

    def empty(self) -> None:
        """As after the migration."""
        tables = ["readings_pump", "latest_pump", "dirty_batches", "dirty_buckets", "reading_retention"]
        self.rows("TRUNCATE " + ", ".join([*tables, *(level.table(self.device_model) for level in LEVELS)]))

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def store(database_url: str, catalog: Catalog) -> Iterator[Store]:
    """A fresh database with a pump of two channels."""
    pump = replace(
        catalog["heat_pump"],
        name="pump",
        reading_interval=timedelta(seconds=1),
        channels=[Channel("flow", "Flow", "l/s"), Channel("head", "Head", "m")],
    )
    migrate(database_url, [pump])
    with Database(database_url) as database:
        yield Store(database, pump)
