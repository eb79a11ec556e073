"""Transfers of stock between service centres.

One is changed only by who holds the lock of the shelf where its stock lies or is expected (`store.stock.lock_stock`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row, dict_row

from domain.errors import NotFoundError
from domain.stock import Reservation, Transfer, TransferState
from store.database import Connection
from store.reservations import read_reservations
from store.sql import load
from store.stock import StockKey

SQL = load("transfers")


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer as it is listed; the ticket's columns are None for one that fills a shelf."""

    transfer_id: int
    part_no: str
    description: str
    quantity: int
    from_centre: str
    to_centre: str
    state: str
    ticket_id: int | None
    device: str | None
    need_by: datetime | None
    takes: timedelta
    created_at: datetime
    shipped_at: datetime | None
    ended_at: datetime | None
    who: str
    reason: str

    @property
    def arrives_at(self) -> datetime | None:
        """When what was shipped should be there."""
        return self.shipped_at + self.takes if self.shipped_at else None


def add(
    connection: Connection,
    key: StockKey,
    *,
    to_centre: str,
    quantity: int,
    takes: timedelta,
    who: str,
    now: datetime,
    reservation_id: int | None = None,
    shipped_at: datetime | None = None,
) -> int:
    """The id of a new transfer from a locked shelf: suggested, or under way when it is shipped already."""
    [(transfer_id,)] = connection.execute(
        SQL["add"],
        {
            "from_centre": key[0],
            "part_no": key[1],
            "to_centre": to_centre,
            "quantity": quantity,
            "takes": takes,
            "who": who,
            "now": now,
            "reservation_id": reservation_id,
            "shipped_at": shipped_at,
        },
    )
    return int(transfer_id)


def get(connection: Connection, transfer_id: int) -> Transfer:
    """Raises NotFoundError."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(SQL["get"], {"transfer_id": transfer_id}).fetchone()
    if row is None:
        raise _unknown(transfer_id)
    return Transfer(**{**row, "state": TransferState(row["state"])})


def move(connection: Connection, transfer_id: int, state: TransferState, *, now: datetime, reason: str = "") -> None:
    """Give it another state; `reason` says why it was cancelled."""
    values = {"transfer_id": transfer_id, "state": state, "now": now, "reason": reason}
    connection.execute(SQL["move"], values)


def cancel_suggested(connection: Connection, *, reservation_id: int, now: datetime, reason: str) -> None:
    """Nothing need be sent for this reservation any more; what is under way stays so."""
    connection.execute(SQL["cancel_suggested"], {"reservation_id": reservation_id, "now": now, "reason": reason})


def reservation_of(connection: Connection, transfer: Transfer) -> Reservation | None:
    """What it is for; None when that is over, or when it only fills a shelf."""
    values = {"reservation_id": transfer.reservation_id}
    return next(iter(read_reservations(connection, SQL["reservation"], values)), None)


def listing(
    connection: Connection,
    *,
    states: Sequence[str] | None = None,
    transfer_id: int | None = None,
    ticket_id: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[TransferRow]:
    """Transfers, newest first: of all states when `states` is None, the named one, or those for one ticket."""
    wanted = {"states": list(states) if states else None, "transfer_id": transfer_id, "ticket_id": ticket_id}
    with connection.cursor(row_factory=class_row(TransferRow)) as cursor:
        return cursor.execute(SQL["listing"], {**wanted, "after": after, "limit": limit}).fetchall()


def get_row(connection: Connection, transfer_id: int) -> TransferRow:
    """One transfer as it is listed. Raises NotFoundError."""
    for row in listing(connection, transfer_id=transfer_id):
        return row
    raise _unknown(transfer_id)


def _unknown(transfer_id: int) -> NotFoundError:
    return NotFoundError(f"transfer {transfer_id} does not exist: look it up in the list")
