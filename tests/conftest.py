"""Real services for the tests: one server and one broker for the whole run, a fresh database for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from aftercare.wiring import Catalog, load_catalog
from store.migrate import migrate


@pytest.fixture(scope="session")
def server_url() -> str:
    """Address of a PostgreSQL server on which databases may be created."""
    return os.environ["AFTERCARE_TEST_DATABASE_URL"]


@pytest.fixture(scope="session")
def mqtt_url() -> str:
    """Address of a running broker; tests keep apart by their device names."""
    return os.environ["AFTERCARE_TEST_MQTT_URL"]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The device models that ship."""
    return load_catalog()


@pytest.fixture(scope="session")
def template_database(server_url: str, catalog: Catalog) -> Iterator[str]:
    """A migrated database to copy."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        migrate(_with_database(server_url, name), list(catalog.values()))
        # TimescaleDB's own workers connect to every database, and a database in use cannot be copied.
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(server_url: str, template_database: str) -> Iterator[str]:
    """Address of a fresh, migrated database that is dropped after the test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template_database))
        )
        yield _with_database(server_url, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def device_prefix() -> str:
    """A prefix of device names that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


def _with_database(url: str, name: str) -> str:
    return url.rsplit("/", 1)[0] + "/" + name
