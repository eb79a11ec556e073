"""Connections to the database, and which storage tier it is."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.errors import ConfigurationError, ForbiddenError, UnavailableError
from store.scope import customer_in_view
from store.sql import load

SQL = load("database")

POOL_WAIT = 5
"""Seconds that a caller waits for a connection."""
CONNECTION_LOST = ("08", "57P")
"""Classes of SQLSTATE that tell of the server or the line, not of the statement."""

SESSION = (
    "-c timezone=UTC -c jit=off -c plan_cache_mode=force_custom_plan "
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=20000"
)
"""The server gives a client up 20 seconds after its line went dead, not after Linux's two hours: so long the locks of
its transaction stay, and the first to wait for them is the same client on its next connection. Statements are planned
for their values: a list whose filters are mostly null has a plan of its own for each that is not."""

Connection = psycopg.Connection[TupleRow]


class Tier(StrEnum):
    """What the database can do; the answers are the same on each, the speed and the size on disk differ."""

    COMMUNITY = "TimescaleDB community"
    APACHE = "TimescaleDB Apache"
    PLAIN = "plain PostgreSQL"

    @property
    def has_hypertables(self) -> bool:
        return self is not Tier.PLAIN


_JOINED: ContextVar[tuple[object, Connection] | None] = ContextVar("joined", default=None)


class Database:
    """A pool of connections to one database. Each `transaction()` commits on leaving and rolls back on an error."""

    def __init__(self, url: str, *, max_size: int = 8, application: str = "aftercare") -> None:
        """Does not connect yet. `url` is a libpq URL; `application` shows in pg_stat_activity."""
        self.url = url
        self.name = describe_url(url)
        self._pool = ConnectionPool(
            url,
            min_size=0,
            max_size=max_size,
            open=False,
            timeout=POOL_WAIT,
            reconnect_timeout=POOL_WAIT,  # then give up, so that the next caller tries at once and not in a minute
            kwargs={"application_name": application, "options": SESSION},
            check=_check,
        )

    def __enter__(self) -> Database:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Check that the database answers. Raises UnavailableError naming the address and what to do."""
        connect(self.url).close()
        self._pool.open()

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A pooled connection in one transaction, which sees what `store.scope` says.

        Raises UnavailableError when none can be had or it breaks, ForbiddenError when a customer's user asks for what
        no customer sees.
        """
        customer = customer_in_view()
        try:
            with self._connection() as connection:
                if customer is not None:
                    connection.execute(SQL["see_as_customer"], {"customer": customer})
                yield connection
        except psycopg.errors.InsufficientPrivilege as error:
            if customer is None:
                raise
            raise ForbiddenError(f"this is not for the users of a customer, and you are one of {customer}") from error
        except PoolTimeout as error:
            raise UnavailableError(f"no connection to {self.name} within {POOL_WAIT} s: is the database up?") from error
        except psycopg.OperationalError as error:
            if error.sqlstate is None or error.sqlstate.startswith(CONNECTION_LOST):
                raise UnavailableError(f"the connection to {self.name} broke: is the database up?") from error
            raise

    @contextmanager
    def joining(self, connection: Connection) -> Iterator[None]:
        """Transactions that begin in this block, here and in what it calls, are parts of the one of `connection`: each
        is undone by itself when it fails, and they are committed together. One at a time."""
        before = _JOINED.set((self, connection))
        try:
            yield
        finally:
            _JOINED.reset(before)

    def _connection(self) -> AbstractContextManager[Connection]:
        database, connection = _JOINED.get() or (None, None)
        return _part_of(connection) if connection is not None and database is self else self._pool.connection()


@contextmanager
def _part_of(connection: Connection) -> Iterator[Connection]:
    """A savepoint; what it sees is its own, for the settings of a transaction outlive its savepoints."""
    with connection.transaction():
        before = connection.execute(SQL["view"]).fetchone()
        connection.execute(SQL["see_as"], ("none", ""))
        yield connection
        connection.execute(SQL["see_as"], before)


def _check(connection: Connection) -> None:
    """Ask a connection whether it lives, but only when its line has something to say. What the server closed has, and
    is found so without the round trip that would go before each transaction. Raises psycopg.OperationalError."""
    line = select.poll()
    line.register(connection.fileno(), select.POLLIN)
    if line.poll(0):
        ConnectionPool.check_connection(connection)


def connect(url: str, **options: Any) -> Connection:
    """One connection outside the pool. Raises UnavailableError or ConfigurationError, never with the password."""
    try:
        connection = psycopg.connect(url, connect_timeout=10, options=SESSION, **options)
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(
            f"AFTERCARE_DATABASE_URL is not a PostgreSQL address: {str(error).strip()}. "
            "Give postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        ) from error
    except psycopg.OperationalError as error:
        raise UnavailableError(
            f"cannot connect to {describe_url(url)}: {_reason(error)}. "
            "Check AFTERCARE_DATABASE_URL and that the database server runs"
        ) from error
    return connection


def _reason(error: psycopg.OperationalError) -> str:
    """What libpq said of the last address that it tried; the hints that it adds are indented."""
    said = [line for line in str(error).splitlines() if line.strip() and not line[0].isspace()]
    return said[-1].rpartition(" failed: ")[2] if said else type(error).__name__


def describe_url(url: str) -> str:
    """The address without its password, for messages."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]  # as given: a port that is no number is for the message to show
    return f"database {address or 'local'}{parts.path}"


def read_clock(connection: Connection) -> datetime:
    """The time on the database's machine."""
    [(now,)] = connection.execute(SQL["clock"])
    assert isinstance(now, datetime)
    return now


def detect_tier(connection: Connection) -> Tier:
    """Which storage tier this database is: asked here and nowhere else."""
    row = connection.execute(SQL["storage_tier"]).fetchone()
    assert row is not None
    available, licence = row
    if not available:
        return Tier.PLAIN
    return Tier.COMMUNITY if licence == "timescale" else Tier.APACHE
