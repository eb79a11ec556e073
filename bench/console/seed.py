"""Fills a migrated database with a fleet to look at: devices, predictions, alarms, tickets and what belongs to them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from aftercare.wiring import Catalog

HERE = Path(__file__).parent
FILES = ("fleet.sql", "desk.sql")
PIECES = re.split(r"^-- ([a-z_]+) --$", "\n".join((HERE / name).read_text() for name in FILES), flags=re.MULTILINE)
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
