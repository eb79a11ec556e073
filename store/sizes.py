"""How much room each device model's readings and roll-ups take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.device_model import DeviceModel
from store.database import Connection, detect_tier
from store.rollup_levels import levels_of
from store.sql import load

SQL = load("sizes")


@dataclass(frozen=True, slots=True)
class Size:
    """Room on disk in bytes, indexes included; `rows` as the statistics of the tables estimate them."""

    device_model: str
    rows: int
    readings: int
    rollups: int
    bytes_a_value: float | None
    """Of the readings, for each channel of each row; None while there are no rows."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What upkeep has not done yet: writes that it has not taken, and buckets that it has not rolled up."""

    writes: int
    buckets: int


def sizes(connection: Connection, device_models: Sequence[DeviceModel]) -> list[Size]:
    """One for each of the device models."""
    query = "hypertable" if detect_tier(connection).has_hypertables else "table"
    return [_size(connection, device_model, query) for device_model in device_models]


def backlog(connection: Connection) -> Backlog:
    """How far upkeep is behind, over all device models."""
    row = connection.execute(SQL["backlog"]).fetchone()
    assert row is not None
    return Backlog(*row)


def _size(connection: Connection, device_model: DeviceModel, query: str) -> Size:
    def measure(table: str) -> tuple[int, int]:
        return connection.execute(SQL[query], {"table": table}).fetchone() or (0, 0)

    readings, rows = measure(device_model.readings_table)
    rollups = sum(measure(level.table(device_model))[0] for level in levels_of(device_model))
    values = rows * len(device_model.channels)
    return Size(device_model.name, rows, readings, rollups, readings / values if values else None)
