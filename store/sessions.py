"""Sessions of those who signed in, and attempts of those who did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.account import Caller, Role
from store.database import Connection
from store.sql import load

SQL = load("sessions")


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often it was tried in vain: by this name from this address, from this address, by this name."""

    by_both: int
    by_address: int
    by_name: int


def begin(connection: Connection, *, token_hash: bytes, user_id: int, at: datetime) -> None:
    """A new session."""
    connection.execute(SQL["begin"], {"hash": token_hash, "user_id": user_id, "at": at})


def find_caller(
    connection: Connection, *, token_hash: bytes, now: datetime, idle: timedelta, lifetime: timedelta
) -> Caller | None:
    """Whose session it is; None when it is unknown, unused for `idle`, older than `lifetime`, or a disabled user's."""
    values = {"hash": token_hash, "now": now, "idle": idle, "lifetime": lifetime}
    row = connection.execute(SQL["caller"], values).fetchone()
    if row is None:
        return None
    user_id, name, role, customer, one_time, to_be_noted = row
    if to_be_noted:
        connection.execute(SQL["note_use"], values)
    return Caller(user_id, name, Role(role), customer, one_time)


def end(connection: Connection, *, token_hash: bytes) -> None:
    """End one session."""
    connection.execute(SQL["end"], {"hash": token_hash})


def end_all(connection: Connection, *, user_id: int) -> None:
    """End every session of a user."""
    connection.execute(SQL["end_all"], {"user_id": user_id})


def forget_expired(connection: Connection, *, now: datetime, idle: timedelta, lifetime: timedelta) -> None:
    """Delete what nobody can use any more."""
    connection.execute(SQL["forget_expired"], {"now": now, "idle": idle, "lifetime": lifetime})


def note_attempt(connection: Connection, *, name: str, address: str, at: datetime, since: datetime) -> Attempts:
    """Count an attempt before it is judged; how many there were before it, since then."""
    values = {"name": name, "address": address, "at": at, "since": since}
    connection.execute(SQL["hold_attempts"])
    connection.execute(SQL["forget_attempts"], values)
    row = connection.execute(SQL["attempts"], values).fetchone()
    assert row is not None
    connection.execute(SQL["note_attempt"], values)
    return Attempts(*row)


def forgive(connection: Connection, *, name: str, address: str) -> None:
    """Forget the attempts of somebody who succeeded."""
    connection.execute(SQL["forgive"], {"name": name, "address": address})
