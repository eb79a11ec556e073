"""Tokens by which programs are known."""

from __future__ import annotations

from datetime import datetime

from psycopg.rows import class_row

from domain.account import ApiToken, Caller, Role
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("api_tokens")


def add(
    connection: Connection, *, token_hash: bytes, user_id: int, label: str, at: datetime, expires_at: datetime | None
) -> int:
    """The new token's id."""
    values = {"hash": token_hash, "user_id": user_id, "label": label, "at": at, "expires_at": expires_at}
    row = connection.execute(SQL["add"], values).fetchone()
    assert row is not None
    return int(row[0])


def find_caller(connection: Connection, *, token_hash: bytes, now: datetime) -> Caller | None:
    """Whose token it is; None when it is unknown, revoked, expired, or a disabled user's."""
    values = {"hash": token_hash, "now": now}
    row = connection.execute(SQL["caller"], values).fetchone()
    if row is None:
        return None
    user_id, name, role, customer, to_be_noted = row
    if to_be_noted:
        connection.execute(SQL["note_use"], values)
    return Caller(user_id, name, Role(role), customer)


def list_tokens(connection: Connection) -> list[ApiToken]:
    """Every token, newest first; revoked and expired ones too."""
    with connection.cursor(row_factory=class_row(ApiToken)) as cursor:
        return cursor.execute(SQL["list"]).fetchall()


def revoke(connection: Connection, api_token_id: int, *, at: datetime) -> None:
    """End a token; doing so again changes nothing. Raises NotFoundError."""
    values = {"api_token_id": api_token_id, "at": at}
    if not connection.execute(SQL["revoke"], values).rowcount:
        row = connection.execute(SQL["exists"], values).fetchone()
        if row is None or not row[0]:
            raise NotFoundError(f"there is no token {api_token_id}: 'aftercare tokens list' shows which there are")
