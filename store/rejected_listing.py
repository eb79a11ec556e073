"""What waits in `rejected_messages`, for people: a list by keyset, and one message whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("rejected")
SHOWN_BYTES = 300
OTHER_NAMES = "(other names)"
"""How people call the sender of topics that name no device, which is the empty one."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A message that could not be stored, and waits for a replay. device: the name in its topic, empty when there is
    none. payload: its first bytes, of `size` in all. first_at, last_at: when these very bytes came, `times` over."""

    rejected_id: int
    topic: str
    device: str
    reason: str
    times: int
    first_at: datetime
    last_at: datetime
    size: int
    payload: bytes

    @property
    def is_cut(self) -> bool:
        """Whether `payload` is not all of it."""
        return len(self.payload) < self.size


def waiting(
    connection: Connection,
    *,
    device: str | None = None,
    reason: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[RejectedRow]:
    """Those that wait, the last one to be rejected first; `reason` is a text that theirs contains, and `after` the
    id of the last row of the page before."""
    wanted = {"device": "" if device == OTHER_NAMES else device, "reason": reason, "after": after, "rejected_id": None}
    return _rows(connection, {**wanted, "limit": limit, "shown": SHOWN_BYTES})


def message(connection: Connection, rejected_id: int) -> RejectedRow:
    """One that waits, with its whole payload. Raises NotFoundError."""
    wanted = {"device": None, "reason": None, "after": None, "rejected_id": rejected_id}
    found = _rows(connection, {**wanted, "limit": 1, "shown": 2**31 - 1})
    if not found:
        raise NotFoundError(f"no rejected message {rejected_id} waits: it was replayed or discarded, or never was one")
    return found[0]


def _rows(connection: Connection, parameters: dict[str, object]) -> list[RejectedRow]:
    with connection.cursor(row_factory=class_row(RejectedRow)) as cursor:
        return cursor.execute(SQL["waiting"], parameters).fetchall()
