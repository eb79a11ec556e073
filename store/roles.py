"""The database roles of the processes and of readers: what each may do, so that none has to be the owner."""

from __future__ import annotations

import psycopg
from psycopg import sql

from domain.errors import ConfigurationError
from store.database import Connection
from store.sql import load

SQL = load("roles")
APP = "aftercare_app"
"""Reads and writes rows. It owns nothing, so it can change and drop no table."""
READ = "aftercare_read"
"""Reads, but no password hashes: for Grafana and the like."""
CUSTOMER = "aftercare_customer"
"""Reads the rows of one customer. Nobody logs in as it: a transaction takes it on (store.scope)."""


def grant_customers(connection: Connection) -> None:
    """Let customers' users read the tables of the device models, once more after each migration."""
    connection.execute(SQL[f"grant_{CUSTOMER}"])


def grant_roles(connection: Connection, *, app_password: str | None, read_password: str | None) -> list[str]:
    """Make the roles that have a password here, give it to them, and grant what is theirs; their names.

    Once more after each migration, for what it created. Raises ConfigurationError when this user may not make roles.
    """
    granted = []
    for role, password in ((APP, app_password), (READ, read_password)):
        if password is None:
            continue
        _log_in_with(connection, role, password)
        for statement in SQL[f"grant_{role}"].split(";"):
            connection.execute(_named(statement, connection))
        granted.append(role)
    return granted


def _log_in_with(connection: Connection, role: str, password: str) -> None:
    """The server is sent the hash only: its log may show statements."""
    name = sql.Identifier(role)
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    try:
        [(exists,)] = connection.execute(SQL["role_exists"], {"role": role})
        if not exists:
            connection.execute(sql.SQL(SQL["create_role"]).format(role=name))
        connection.execute(sql.SQL(SQL["set_password"]).format(role=name, password=sql.Literal(hashed)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"{connection.info.user} may not make the role {role}: migrate as a user with CREATEROLE, or unset "
            "AFTERCARE_APP_PASSWORD and AFTERCARE_READ_PASSWORD"
        ) from error


def _named(statement: str, connection: Connection) -> sql.Composed:
    [(schema,)] = connection.execute(SQL["schema"])
    return sql.SQL(statement).format(
        app=sql.Identifier(APP),
        read=sql.Identifier(READ),
        schema=sql.Identifier(schema),
        database=sql.Identifier(connection.info.dbname),
    )
