"""Messages of strangers are kept, but only so many that no stranger can fill the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from store.database import Connection
from store.sql import load

SQL = load("quarantine")
PER_SENDER = 16 << 20
IN_TOTAL = 1 << 30
ROW_OVERHEAD = 300
"""Bytes that a message takes beside its topic and payload: the row's other columns and its place in the indexes."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How much the strangers among some senders hold already, by sender, and all strangers together; in bytes."""

    strangers: Mapping[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What is kept of one stranger. dropped: messages that went beyond the cap."""

    sender: str
    messages: int
    bytes: int
    dropped: int
    first_at: datetime
    last_at: datetime


def usage(connection: Connection, senders: Sequence[str]) -> Usage:
    """What these senders hold already, those left out that are registered devices."""
    rows = connection.execute(SQL["usage"], {"senders": sorted(senders)}).fetchall()
    return Usage({sender: held for sender, held, _ in rows}, rows[0][2] if rows else 0)


def admit(
    sizes: Sequence[tuple[str, int]], usage: Usage, *, per_sender: int = PER_SENDER, in_total: int = IN_TOTAL
) -> list[bool]:
    """Which of these messages (sender, bytes) may be kept, in their order. Pure; registered devices have no cap."""
    held = Counter(usage.strangers)
    total = usage.total
    admitted = []
    for sender, size in sizes:
        if sender in usage.strangers:
            if held[sender] + size > per_sender or total + size > in_total:
                admitted.append(False)
                continue
            held[sender] += size
            total += size
        admitted.append(True)
    return admitted


def note(connection: Connection, changes: Mapping[str, Quarantined]) -> None:
    """Add to what is known of these strangers. Drops of names of which nothing is kept count for the empty name."""
    parameters = [
        {
            "sender": one.sender,
            "messages": one.messages,
            "bytes": one.bytes,
            "dropped": one.dropped,
            "first_at": one.first_at,
            "last_at": one.last_at,
        }
        for _, one in sorted(changes.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(SQL["note"], parameters)


def list_strangers(connection: Connection) -> list[Quarantined]:
    """Every sender in quarantine, the latest heard first."""
    return [Quarantined(*row) for row in connection.execute(SQL["list"])]


def release(connection: Connection, senders: Sequence[str]) -> None:
    """These are strangers no more; what is kept of theirs waits for a replay."""
    connection.execute(SQL["release"], {"senders": list(senders)})


def discard(connection: Connection, sender: str) -> int:
    """Delete what is kept of a stranger, and return how many messages that were."""
    deleted = connection.execute(SQL["discard"], {"sender": sender}).rowcount
    release(connection, [sender])
    return deleted
