"""What customers say of closed tickets, and whether the device needed another visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection
from store.sql import load

SQL = load("follow_up")


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came after a closed ticket; next_at: when the next ticket of the same device and failure mode opened."""

    closed_at: datetime
    satisfaction: int | None
    comment: str | None
    told_at: datetime | None
    visits: int
    next_at: datetime | None


def save_feedback(
    connection: Connection, *, ticket_id: int, satisfaction: int, comment: str, who: str, at: datetime
) -> None:
    """Store what the customer says, in place of what was said before."""
    values = {"ticket_id": ticket_id, "satisfaction": satisfaction, "comment": comment, "who": who, "at": at}
    connection.execute(SQL["save_feedback"], values)


def aftermath(connection: Connection, *, ticket_id: int) -> Aftermath | None:
    """None while the ticket is not closed."""
    with connection.cursor(row_factory=class_row(Aftermath)) as cursor:
        return cursor.execute(SQL["follow_up"], {"ticket_id": ticket_id}).fetchone()
