"""Which guard sessions a group of ingest replicas may have at the broker. What they are for: `ingest.guard`.

A row is written before its session is made and removed after it has ended, so no session is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from store.database import Connection
from store.sql import load

SQL = load("ingest_guards")


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard session. age: time since just before it was made, by the database's clock."""

    number: int
    age: timedelta


def hold(connection: Connection, group: str) -> bool:
    """Become the one that looks after the guards for as long as this connection lives; False when another does.

    Asked once on a connection: PostgreSQL would count a second time.
    """
    [(taken,)] = connection.execute(SQL["try_lock"], {"ingest_group": group})
    return bool(taken)


def add(connection: Connection, group: str) -> int:
    """Write down that a guard is about to be made, and number it. `connection` autocommits."""
    [(number,)] = connection.execute(SQL["add"], {"ingest_group": group})
    return int(number)


def guards(connection: Connection, group: str) -> list[Guard]:
    """The guards that there may be, oldest first."""
    return [Guard(*row) for row in connection.execute(SQL["guards"], {"ingest_group": group})]


def remove(connection: Connection, group: str, number: int) -> None:
    """Forget a guard whose session has ended."""
    connection.execute(SQL["remove"], {"ingest_group": group, "guard": number})
