"""Telemetry to look at: a reading of every device, and one device's whole year, a reading a second.

Both are written as ingest writes them and kept up as `aftercare upkeep` does.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from aftercare.wiring import Catalog
from domain.device_model import DeviceModel
from ingest.upkeep.readings import roll_up_settled, take_written
from store import reading_batches
from store.database import Database
from store.reading_block import ReadingBlock

ONE_HERTZ = "spindle"
CHANNEL = "temperature"
SECOND = 1_000_000
ROWS_AT_ONCE = 50_000
SPIKE_EVERY = timedelta(days=41)
"""So rare that a chart of means would not show it."""


def catalog_folder(folder: Path) -> Path:
    """The catalog that ships and a device model that reports every second, in a new folder."""
    _copy(files("catalog"), folder)
    shutil.copy(Path(__file__).parent / f"{ONE_HERTZ}.toml", folder)
    return folder


def _copy(source: Traversable, folder: Path) -> None:
    folder.mkdir()
    for found in source.iterdir():
        if found.is_dir():
            _copy(found, folder / found.name)
        else:
            (folder / found.name).write_bytes(found.read_bytes())


def write_telemetry(database: Database, catalog: Catalog, seconds: int, now: datetime) -> str:
    """Write it all up to now; the name of the device that has `seconds` readings, one a second."""
    random = np.random.default_rng(1)
    with database.transaction() as connection:
        [(one, name)] = connection.execute(
            b"SELECT device_id, name FROM devices WHERE device_model = %s ORDER BY 1 LIMIT 1", [ONE_HERTZ]
        )
    end = int(now.timestamp())
    for model in catalog.values():
        with database.transaction() as connection:
            rows = connection.execute(
                b"SELECT device_id FROM devices WHERE device_model = %s AND device_id <> %s ORDER BY 1",
                [model.name, one],
            )
            everybody = np.array([number for (number,) in rows], dtype=np.int64)
        _write(database, model, random, everybody, np.full(len(everybody), end))
    _write(database, catalog[ONE_HERTZ], random, np.full(seconds, one), np.arange(end - seconds, end))
    for model in catalog.values():
        while take_written(database, model).more:
            pass
        while roll_up_settled(database, model, settled=timedelta()).done:
            pass
    return str(name)


def _write(
    database: Database, model: DeviceModel, random: np.random.Generator, device_id: np.ndarray, at: np.ndarray
) -> None:
    for begin in range(0, len(at), ROWS_AT_ONCE):
        piece = slice(begin, begin + ROWS_AT_ONCE)
        values = random.normal(40, 5, size=(len(at[piece]), len(model.channels))).round(2)
        values[at[piece] % int(SPIKE_EVERY.total_seconds()) == 0] = 400
        with database.transaction() as connection:
            reading_batches.write(connection, model, ReadingBlock(device_id[piece], at[piece] * SECOND, values))
