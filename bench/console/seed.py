"""Fills a migrated database with a fleet to look at: devices, predictions, alarms, tickets and what belongs to them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg

from aftercare.wiring import Catalog
from models.held_out import MOST_ROWS, pack
from store.database import Connection
from store.model_versions import SQL

HERE = Path(__file__).parent
FILES = ("fleet.sql", "desk.sql")
PIECES = re.split(r"^-- ([a-z_]+) --$", "\n".join((HERE / name).read_text() for name in FILES), flags=re.MULTILINE)
ADD_HELD_OUT = SQL["add_held_out"]
HELD_OUT_READINGS = 500
FAILED_DEVICES = (
    "WITH chosen AS (INSERT INTO device_events (ts, device_id, kind, code) SELECT %s - interval '1 year', device_id, "
    "'failure', %s FROM devices WHERE device_model = %s ORDER BY name LIMIT %s RETURNING device_id) "
    "SELECT name FROM chosen JOIN devices USING (device_id) ORDER BY name"
)
STEPS = dict(zip(PIECES[1::2], PIECES[2::2], strict=True))


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to look at."""

    devices: int = 100_000
    alarms: int = 1_000_000
    tickets: int = 50_000
    per_device: int = 3


def seed(url: str, catalog: Catalog, size: Size, now: datetime) -> None:
    """Fill an empty migrated database."""
    first = {model.name: model.failure_modes[0] for model in catalog.values()}
    modes = json.dumps({name: mode.name for name, mode in first.items()})
    codes = json.dumps({name: mode.event_codes[0] for name, mode in first.items()})
    values = {**asdict(size), "now": now, "modes": modes, "codes": codes}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        for statements in STEPS.values():
            for statement in statements.split(";\n"):
                psycopg.ClientCursor(connection).execute(statement.encode(), values)
        _keep_held_out(connection, catalog, now)


def _keep_held_out(connection: Connection, catalog: Catalog, now: datetime) -> None:
    """Of each champion as much as is kept of held-out devices: two years of devices that failed a year ago."""
    devices = MOST_ROWS // HELD_OUT_READINGS
    instants = pd.date_range(end=now, periods=HELD_OUT_READINGS, freq="35h", unit="us")
    champions = connection.execute("SELECT model_version_id, device_model FROM model_versions").fetchall()
    for model_version_id, device_model in champions:
        [code, *_] = catalog[device_model].failure_modes[0].event_codes
        names = [name for (name,) in connection.execute(FAILED_DEVICES, (now, code, device_model, devices))]
        risk = np.random.default_rng(model_version_id).beta(1, 8, len(names) * HELD_OUT_READINGS)
        told = {"device": np.repeat(names, HELD_OUT_READINGS), "ts": np.tile(instants, len(names)), "risk": risk}
        kept = {"model_version_id": model_version_id, "content": pack(pd.DataFrame(told))}
        connection.execute(ADD_HELD_OUT, kept)
