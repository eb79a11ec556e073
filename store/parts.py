"""Stock balances, their journal and part reservations.

A balance or reservation is changed only by who holds the lock of its centre and part (`lock_stock`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from domain.errors import NotFoundError
from domain.stock import Reservation, Stock
from domain.ticket import ReservationState
from store.database import Connection
from store.sql import load

SQL = load("parts")

StockKey = tuple[str, str]
"""Service centre and part number."""
KEY = re.compile(r"\)=\((.*)\) ")
"""The missing key as PostgreSQL names it."""


def lock_stock(connection: Connection, keys: Sequence[StockKey]) -> Mapping[StockKey, Stock]:
    """The balances of these centres and parts, locked in key order until the transaction ends.

    Raises NotFoundError for an unknown centre or part.
    """
    values = {"centres": [centre for centre, _ in keys], "parts": [part for _, part in keys]}
    try:
        connection.execute(SQL["add_stock_rows"], values)
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFoundError(_unknown(error)) from error
    rows = connection.execute(SQL["lock_stock"], values)
    return {(row[0], row[1]): Stock(*row) for row in rows}


def move_stock(
    connection: Connection,
    key: StockKey,
    movement: str,
    *,
    who: str,
    now: datetime,
    on_hand: int = 0,
    allocated: int = 0,
    on_order: int = 0,
    reservation_id: int | None = None,
    reason: str = "",
    reference: str | None = None,
) -> Stock:
    """Change a locked balance by these amounts and write its journal line; the balance after it."""
    row = connection.execute(
        SQL["move_stock"],
        {
            "service_centre": key[0],
            "part_no": key[1],
            "movement": movement,
            "on_hand": on_hand,
            "allocated": allocated,
            "on_order": on_order,
            "reservation_id": reservation_id,
            "who": who,
            "at": now,
            "reason": reason,
            "reference": reference,
        },
    ).fetchone()
    assert row is not None
    return Stock(*row)


def booked(connection: Connection, key: StockKey, movement: str, reference: str) -> int | None:
    """How many an order or a receipt with that reference was about; None when the journal has none."""
    values = {"service_centre": key[0], "part_no": key[1], "movement": movement, "reference": reference}
    row = connection.execute(SQL["booked"], values).fetchone()
    return int(row[0]) if row else None


def add_reservation(
    connection: Connection,
    key: StockKey,
    *,
    ticket_id: int,
    quantity: int,
    state: ReservationState,
    need_by: datetime,
    now: datetime,
) -> int | None:
    """The id of the new reservation; None when the ticket holds or awaits that part already."""
    row = connection.execute(
        SQL["add_reservation"],
        {
            "service_centre": key[0],
            "part_no": key[1],
            "ticket_id": ticket_id,
            "quantity": quantity,
            "state": state,
            "need_by": need_by,
            "now": now,
        },
    ).fetchone()
    return int(row[0]) if row else None


def fill_reservation(connection: Connection, *, reservation_id: int, now: datetime) -> None:
    """A back-order has got its stock."""
    connection.execute(SQL["fill_reservation"], {"reservation_id": reservation_id, "now": now})


def end_reservation(connection: Connection, *, reservation_id: int, state: ReservationState, now: datetime) -> None:
    """Consumed or released."""
    connection.execute(SQL["end_reservation"], {"reservation_id": reservation_id, "state": state, "now": now})


def hasten_reservations(connection: Connection, *, ticket_id: int, need_by: datetime) -> None:
    """The ticket needs its parts at another time."""
    connection.execute(SQL["hasten_reservations"], {"ticket_id": ticket_id, "need_by": need_by})


def held(connection: Connection, *, ticket_id: int) -> list[Reservation]:
    """What a ticket holds or waits for."""
    return _reservations(connection, "held", ticket_id=ticket_id)


def next_waiting(connection: Connection, stock: Stock) -> Reservation | None:
    """The back-order that is needed first, among those that this locked balance can fill."""
    values = {"service_centre": stock.service_centre, "part_no": stock.part_no, "free": stock.free}
    return next(iter(_reservations(connection, "next_waiting", **values)), None)


def list_stock(connection: Connection, *, service_centre: str | None = None) -> list[Stock]:
    """Every balance, or those of one centre."""
    return [Stock(*row) for row in connection.execute(SQL["list_stock"], {"service_centre": service_centre})]


def _reservations(connection: Connection, query: str, **values: object) -> list[Reservation]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(SQL[query], values).fetchall()
    return [Reservation(**{**row, "state": ReservationState(row["state"])}) for row in rows]


def _unknown(error: psycopg.errors.ForeignKeyViolation) -> str:
    name = KEY.findall(error.diag.message_detail or "")[0]
    if error.diag.constraint_name == "part_stock_part_no_fkey":
        return f"unknown part {name!r}: add it to a catalog file and run 'aftercare migrate'"
    return f"unknown service centre {name!r}: it comes into being when a device is registered with it"
