"""A PostgreSQL server of our own: its superuser's password and its databases."""

from __future__ import annotations

from contextlib import suppress

import psycopg
from psycopg import sql

from store.database import Connection, connect
from store.sql import load

SQL = load("cluster")


def password_statement(password: str) -> str:
    """The statement that gives the superuser this password, for single-user mode. `password` is hexadecimal."""
    assert password.isalnum()
    return SQL["set_superuser_password"].splitlines()[-1].replace(":password", password)


def ensure_database(server_url: str, name: str) -> None:
    """Create the database unless it is there. Raises UnavailableError when the server cannot be reached."""
    with connect(server_url, autocommit=True) as connection:
        row = connection.execute(SQL["database_exists"], {"name": name}).fetchone()
        assert row is not None
        if not row[0]:
            with suppress(psycopg.errors.DuplicateDatabase):  # another process was faster
                connection.execute(sql.SQL(SQL["create_database"]).format(name=sql.Identifier(name)))


def data_directory(connection: Connection) -> str | None:
    """Where a server on this machine keeps its data, as it sees it; None for another machine's, or when that is hidden
    from this user."""
    row = connection.execute(SQL["data_directory"]).fetchone()
    return None if row is None else str(row[0])
