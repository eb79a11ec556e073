"""What tickets hold of parts, or wait for.

A reservation is changed only by who holds the lock of its centre and part (`store.stock.lock_stock`). A back-order is
also filled by who holds that of a substitute at its centre: then the lock of its row keeps others off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from domain.stock import Reservation, Stock
from domain.ticket import ReservationState
from store.database import Connection
from store.sql import load
from store.stock import StockKey, lock_stock

SQL = load("reservations")


def add_reservation(
    connection: Connection,
    key: StockKey,
    *,
    ticket_id: int,
    quantity: int,
    state: ReservationState,
    need_by: datetime,
    now: datetime,
    instead_of: str | None = None,
    substitutes: Sequence[str] = (),
) -> int | None:
    """The id of the new reservation; None when the ticket holds or awaits that part of its kit already."""
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
            "instead_of": instead_of,
            "substitutes": list(substitutes),
        },
    ).fetchone()
    return int(row[0]) if row else None


def fill_reservation(connection: Connection, *, reservation_id: int, part_no: str, now: datetime) -> None:
    """A back-order has got its stock, which may be of a substitute."""
    connection.execute(SQL["fill_reservation"], {"reservation_id": reservation_id, "part_no": part_no, "now": now})


def place_reservation(
    connection: Connection, *, reservation_id: int, service_centre: str, state: ReservationState
) -> None:
    """It is at, or on the way to, another centre."""
    values = {"reservation_id": reservation_id, "service_centre": service_centre, "state": state}
    connection.execute(SQL["place_reservation"], values)


def end_reservation(connection: Connection, *, reservation_id: int, state: ReservationState, now: datetime) -> None:
    """Consumed or released."""
    connection.execute(SQL["end_reservation"], {"reservation_id": reservation_id, "state": state, "now": now})


def hasten_reservations(connection: Connection, *, ticket_id: int, need_by: datetime) -> None:
    """The ticket needs its parts at another time."""
    connection.execute(SQL["hasten_reservations"], {"ticket_id": ticket_id, "need_by": need_by})


def held(connection: Connection, *, ticket_id: int) -> list[Reservation]:
    """What a ticket holds or waits for."""
    return read_reservations(connection, SQL["held"], {"ticket_id": ticket_id})


def lock_held(connection: Connection, *, ticket_id: int) -> list[tuple[Reservation, Stock]]:
    """What a ticket holds or waits for, each with its locked balance; read after the lock, since a back-order may have
    been filled, or a part sent to another centre, while we waited for it."""
    while True:
        keys = {(row.service_centre, row.part_no) for row in held(connection, ticket_id=ticket_id)}
        with connection.transaction() as attempt:
            balances = lock_stock(connection, keys)
            rows = read_reservations(connection, SQL["lock_held"], {"ticket_id": ticket_id})
            if all((row.service_centre, row.part_no) in balances for row in rows):
                return [(row, balances[row.service_centre, row.part_no]) for row in rows]
            raise psycopg.Rollback(attempt)  # gives the locks back, so that the next ones are taken in order


def next_waiting(connection: Connection, stock: Stock) -> Reservation | None:
    """The back-order that is needed first, among those that this locked balance can fill, also as a substitute."""
    values = {"service_centre": stock.service_centre, "part_no": stock.part_no, "free": stock.free}
    return next(iter(read_reservations(connection, SQL["next_waiting"], values)), None)


def read_reservations(connection: Connection, query: LiteralString, values: Mapping[str, object]) -> list[Reservation]:
    """The rows of a query that selects a reservation's columns."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, values).fetchall()
    return [_reservation(row) for row in rows]


def _reservation(row: Mapping[str, Any]) -> Reservation:
    return Reservation(**{**row, "state": ReservationState(row["state"]), "substitutes": tuple(row["substitutes"])})
