"""Slots of a group of ingest replicas: each stands for one session at the broker, and one process at most holds it.

Held means a session-level advisory lock, which the database lets go when the process or its connection ends. The row
remains, because the session at the broker does. Transaction pooling (PgBouncer) breaks such locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from store.database import Connection
from store.sql import load

SQL = load("ingest_slots")


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot that has been used. held_by: the name of the replica that held it last. held: whether a process holds it
    now. unheld: time since a process last wrote down that it does."""

    group: str
    number: int
    held_by: str
    held: bool
    unheld: timedelta


def watch_line(connection: Connection) -> None:
    """Have the server find out soon when the other end of this connection is gone."""
    connection.execute(SQL["watch_line"])


def hold(connection: Connection, group: str, slot: int, held_by: str) -> bool:
    """Take a slot for as long as this connection lives; False when another holds it. `connection` autocommits."""
    [(taken,)] = connection.execute(SQL["try_lock"], {"ingest_group": group, "slot": slot})
    if taken:
        note_held(connection, group, slot, held_by)
    return bool(taken)


def note_held(connection: Connection, group: str, slot: int, held_by: str) -> None:
    """Write down that the slot is held now."""
    connection.execute(SQL["note_held"], {"ingest_group": group, "slot": slot, "held_by": held_by})


def let_go(connection: Connection, group: str, slot: int) -> None:
    """Hold the slot no longer; whoever comes next may take it with the session that it stands for."""
    connection.execute(SQL["unlock"], {"ingest_group": group, "slot": slot})


def remove(connection: Connection, group: str, slot: int, session: str) -> None:
    """Forget a slot whose session at the broker has ended. The caller holds it, and lets it go afterwards."""
    connection.execute(SQL["remove"], {"ingest_group": group, "slot": slot, "session": session})


def slots(connection: Connection, group: str | None = None) -> list[Slot]:
    """The slots of one group, or of all groups, that have been used and not been removed."""
    return [Slot(*row) for row in connection.execute(SQL["slots"], {"ingest_group": group})]
