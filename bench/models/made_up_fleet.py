"""A fleet of any size with 24 channels and four failure modes, in a database of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import psycopg

from aftercare.settings import load_settings
from aftercare.wiring import Application
from domain.catalog import parse_device_model
from domain.device import Device
from ingest.bulk import import_history
from pipelines.training import train_device_model
from store import devices
from store.database import Database
from store.migrate import migrate

CHANNELS, MODES = 24, 4
HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
SCHOOL, SCHOOL_HOURS, LIFE = 32, 600, 120
"""Devices that the models are trained on: how many, for how long, and hours between two failures of a device."""
NOW = START + timedelta(days=90)
LOOK_BACK = 24 * 14
"""Hours of readings of each device that is scored: its longest window, and before that the start of its life."""
WEAR, WORN_EVERY = 72, 50
"""For so many hours a fault shows; one device in so many is failing."""
HOURS_AT_ONCE = 4
"""Readings are written as ingest does: some hours of all devices, and then the next ones."""


def _device_model_file() -> str:
    modes = [
        f"""
[[component]]
name = "component_{mode}"
title = "Component {mode}"
[[failure_mode]]
name = "mode_{mode}"
title = "Component {mode} failed"
component = "component_{mode}"
horizon = "48h"
lead_time = "24h"
rul_cap = "100h"
gate_precision = 0.5
event_codes = ["mode_{mode}"]
[failure_mode.cost]
planned_visit = 50_000
emergency_visit = 250_000
needless_visit = 20_000
"""
        for mode in range(MODES)
    ]
    channels = [
        f'[[channel]]\nname = "c{number}"\ntitle = "Channel {number}"\nunit = "1"\n' for number in range(CHANNELS)
    ]
    return (
        '[device_model]\nname = "made_up"\ntitle = "Made up"\nreading_interval = "1h"\ncurrency = "EUR"\n'
        f'[features]\nwindows = ["24h", "7d"]\nbaseline = "7d"\n{"".join(modes)}{"".join(channels)}'
    )


MODEL = parse_device_model(_device_model_file(), "made_up.toml")


def application(database: Database) -> Application:
    """The platform around that database, with this one device model, as it is at `NOW`."""
    return Application(load_settings(database_url=database.url), lambda: NOW, {MODEL.name: MODEL}, database)


@contextmanager
def trained_database(server_url: str) -> Iterator[str]:
    """Address of a database with a model of every failure mode, trained on devices that fell silent long ago."""
    with _own_database(server_url) as url:
        migrate(url, [MODEL])
        with Database(url) as database:
            readings, events = _school()
            import_history(database, MODEL, readings=readings, events=events)
            trained = train_device_model(application(database), MODEL, "")
        problems = [one.problem for one in trained if one.problem]
        assert not problems, problems
        yield url


@contextmanager
def copy_with_fleet(server_url: str, template: str, size: int) -> Iterator[str]:
    """Address of a copy of a database that nobody is connected to, with so many devices that are to be scored."""
    with psycopg.connect(server_url, autocommit=True) as server:
        name = template.rsplit("/", 1)[1]
        # TimescaleDB's own workers connect to every database, and a database in use cannot be copied.
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    with _own_database(server_url, f"TEMPLATE {name}") as url:
        with Database(url) as database, database.transaction() as connection:
            fleet = [Device(f"made-up-{number:05d}", MODEL.name, service_centre="main") for number in range(size)]
            devices.save(connection, fleet)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in _fleet_statements():
                connection.execute(statement.encode())
            connection.execute(f"VACUUM ANALYZE {MODEL.readings_table}".encode())
            connection.execute(b"VACUUM ANALYZE device_events")
            connection.execute(b"CHECKPOINT")
        yield url


def _school() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Devices whose failure modes take turns: a fault shows in the channels of its mode, then the device fails."""
    random = np.random.default_rng(0)
    readings, events = [], []
    hours = np.arange(SCHOOL_HOURS)
    ts = pd.to_datetime([START + HOUR * int(hour) for hour in hours], utc=True)
    for number in range(SCHOOL):
        name = f"school-{number:02d}"
        values = 50 + random.normal(size=(SCHOOL_HOURS, CHANNELS))
        end, turn = int(random.integers(LIFE)), number
        while end < SCHOOL_HOURS:
            worn = np.clip(hours - (end - WEAR), 0, None) * (hours <= end)
            values[:, turn % MODES :: MODES] += worn[:, None] / 10
            at, mode = START + HOUR * end + HOUR / 2, f"mode_{turn % MODES}"
            events.append((name, at, "failure", mode, f"component_{turn % MODES}"))
            end, turn = end + LIFE, turn + 1
        columns = {f"c{channel}": values[:, channel] for channel in range(CHANNELS)}
        readings.append(pd.DataFrame({"device": name, "ts": ts, **columns}))
    return pd.concat(readings, ignore_index=True), pd.DataFrame(
        events, columns=["device", "ts", "kind", "code", "component"]
    )


def _fleet_statements() -> Iterator[str]:
    """Look-back readings, in the order in which telemetry comes; errors now and then; and of every tenth device a
    repair, so that failure modes do not all see the same life."""
    fleet = (
        "(SELECT device_id, row_number() OVER (ORDER BY device_id) AS number FROM devices WHERE name LIKE 'made-up-%')"
    )
    yield "SELECT setseed(0.5)"
    for first in range(-LOOK_BACK, 0, HOURS_AT_ONCE):
        values = ", ".join(
            f"50 + random_normal() + CASE WHEN number % {WORN_EVERY} = 0 AND number / {WORN_EVERY} % {MODES} = "
            f"{channel % MODES} THEN greatest(0, hour + {WEAR}) / 10.0 ELSE 0 END"
            for channel in range(CHANNELS)
        )
        names = ", ".join(f"c{channel}" for channel in range(CHANNELS))
        yield (
            f"INSERT INTO {MODEL.readings_table} (device_id, ts, {names}) "
            f"SELECT device_id, '{NOW}'::timestamptz + hour * interval '1 hour', {values} "
            f"FROM {fleet} d CROSS JOIN generate_series({first}, {first + HOURS_AT_ONCE - 1}) hour "
            "ORDER BY device_id, hour"
        )
    events = f"INSERT INTO device_events (ts, device_id, kind, code, component) SELECT '{NOW}'::timestamptz - "
    yield (
        f"{events} n * interval '31 h', device_id, 'error', 'E' || number % 5, ''"
        f" FROM {fleet} d, generate_series(1, 5) n"
    )
    yield (
        f"{events} interval '200 h', device_id, 'maintenance', 'replaced', 'component_0'"
        f" FROM {fleet} d WHERE number % 10 = 0"
    )
    yield f"UPDATE devices SET last_seen_at = '{NOW - HOUR}' WHERE name LIKE 'made-up-%'"


@contextmanager
def _own_database(server_url: str, options: str = "") -> Iterator[str]:
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} {options}".encode())
    yield server_url.rsplit("/", 1)[0] + "/" + name
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
