"""A simulated fleet on the real database: trained once, and copied for each test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from aftercare import version_loading
from aftercare.embedded import EmbeddedPrefect
from aftercare.settings import load_settings
from aftercare.wiring import Application, Catalog
from device_sim.fleet import Fleet, simulate_fleet
from domain.device_model import DeviceModel
from ingest.bulk import import_history
from pipelines.training import TrainedMode, train_device_model
from store.database import Database

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=100)
MODEL = "heat_pump"
TRAINED = ["fouled_condenser", "refrigerant_leak"]
TOO_FEW = "worn_compressor_bearing"
RUN = "flow run of the first training"


@dataclass(frozen=True)
class Plant:
    """The platform around one database, as it is at `NOW`."""

    application: Application
    first_training: list[TrainedMode]

    @property
    def device_model(self) -> DeviceModel:
        return self.application.catalog[MODEL]

    @property
    def url(self) -> str:
        return self.application.database.url

    def at(self, now: datetime) -> Application:
        return replace(self.application, clock=lambda: now)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.application.database.transaction() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: object) -> Any:
        [(value,)] = self.rows(statement, *values)
        return value


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """Twelve heat pumps, one reading every six hours, up to `NOW`; they stand still between failure and repair."""
    simulated = simulate_fleet(MODEL, 12, START, hours=24 * 120, seed=3)
    thinned = simulated.readings[simulated.readings.groupby("device").cumcount() % 6 == 0]
    return replace(simulated, readings=thinned.reset_index(drop=True)).cut(NOW)[0]


@pytest.fixture(scope="session", autouse=True)
def no_time_for_skill(quick_training: None) -> None:
    """These tests are about what is stored, not how good it is."""


@pytest.fixture(scope="session")
def copy_database(server_url: str) -> Callable[..., Any]:
    """Copies a database nobody is connected to; the copy is dropped when the block is left."""

    @contextmanager
    def copied(template: str) -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
            yield server_url.rsplit("/", 1)[0] + "/" + name
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    return copied


@pytest.fixture(scope="session")
def trained_database(
    server_url: str, template_database: str, copy_database: Callable[..., Any], catalog: Catalog, fleet: Fleet
) -> Iterator[tuple[str, list[TrainedMode]]]:
    """Name of a database with the fleet's history and the models of the first training, and what training said."""
    with copy_database(template_database) as url:
        with Database(url) as database:
            import_history(
                database, catalog[MODEL], devices=fleet.devices, readings=fleet.readings, events=fleet.events
            )
            application = Application(load_settings(database_url=url), lambda: NOW, catalog, database)
            results = train_device_model(application, catalog[MODEL], RUN)
        name = url.rsplit("/", 1)[1]
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield name, results


@pytest.fixture
def plant(
    trained_database: tuple[str, list[TrainedMode]], copy_database: Callable[..., Any], catalog: Catalog
) -> Iterator[Plant]:
    """History, a champion for two of the three failure modes, and nothing scored yet."""
    name, results = trained_database
    with copy_database(name) as url, Database(url) as database:
        yield Plant(Application(load_settings(database_url=url), lambda: NOW, catalog, database), results)


@pytest.fixture(autouse=True)
def no_models_in_memory() -> Iterator[None]:
    version_loading._loaded.clear()
    yield
    version_loading._loaded.clear()


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPrefect]:
    """One real Prefect server for all; it looks for new deployments every second instead of every five."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS", "1")
        server = EmbeddedPrefect(tmp_path_factory.mktemp("prefect"), name="tests")
        server.start()
    yield server
    server.stop()
