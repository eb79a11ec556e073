"""Real services for the tests: one server and one broker for each process of them, a fresh database for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import structlog
from psycopg import sql

from aftercare.embedded import Binaries, EmbeddedBroker, EmbeddedPostgres, find_binaries
from aftercare.settings import load_settings
from aftercare.wiring import Catalog, load_catalog
from store.migrate import migrate

TESTS = Path(__file__).parent
LONG_FIRST = ("acceptance", "integration", "architecture", "unit")


def pytest_addoption(parser: pytest.Parser) -> None:
    """--fuzz-examples, for more than the test run has time for; --only, for scripts/run-tests."""
    parser.addoption("--fuzz-examples", type=int, default=2, help="requests to make up of each kind per API operation")
    parser.addoption("--only", choices=["alone", "company"], help="tests marked `alone`, or those that bear company")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what --only says, and deal whole files to processes, those that take long first."""
    only = config.getoption("--only")
    if only:
        sides: dict[bool, list[pytest.Item]] = {True: [], False: []}
        for item in items:
            sides[item.get_closest_marker("alone") is not None].append(item)
        items[:] = sides[only == "alone"]
        config.hook.pytest_deselected(items=sides[only != "alone"])
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: LONG_FIRST.index(item.path.relative_to(TESTS).parts[0]))
        for item in items:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(TESTS))))


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """How a command sets up logging is not how the next test finds it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def fuzz_examples(pytestconfig: pytest.Config) -> int:
    """How many requests of each kind to make up for each operation of the API."""
    return int(pytestconfig.getoption("--fuzz-examples"))


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """Where the services come from; in CI the stand-ins for the real ones are a failure, never a skip."""
    found = find_binaries(load_settings().services_dir)
    if found.shortcoming and (os.environ.get("CI") == "true" or "AFTERCARE_REQUIRE_SERVICES" in os.environ):
        pytest.fail(f"the tests need the real services here. {found.shortcoming}")
    return found


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL server on which databases may be created."""
    if "AFTERCARE_TEST_DATABASE_URL" in os.environ:
        yield os.environ["AFTERCARE_TEST_DATABASE_URL"]
        return
    folder = tmp_path_factory.mktemp("postgres")
    with EmbeddedPostgres(request.getfixturevalue("binaries"), folder, name="tests", throwaway=True) as server:
        yield server.url_of("postgres")


@pytest.fixture(scope="session")
def mqtt_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running broker; tests keep apart by their device names."""
    if "AFTERCARE_TEST_MQTT_URL" in os.environ:
        yield os.environ["AFTERCARE_TEST_MQTT_URL"]
        return
    folder = tmp_path_factory.mktemp("broker")
    with EmbeddedBroker(request.getfixturevalue("binaries"), folder, name="tests", throwaway=True) as broker:
        yield broker.url


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
        url = _with_database(server_url, name)
        yield _as_app(url) if "AFTERCARE_TEST_AS_APP" in os.environ else url
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def as_app() -> Callable[[str], str]:
    """Makes the address of a database one for the role of the processes, which is granted what is its own first."""
    return _as_app


def _as_app(url: str) -> str:
    migrate(url, [], app_password="of-the-tests")
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"aftercare_app:of-the-tests@{address}").geturl()


@pytest.fixture
def device_prefix() -> str:
    """A prefix of device names that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


def _with_database(url: str, name: str) -> str:
    return url.rsplit("/", 1)[0] + "/" + name
