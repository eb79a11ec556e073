"""Stock balances, their journal and part reservations.

A balance or reservation is changed only by who holds the lock of its centre and part (`lock_stock`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg.rows import dict_row

from domain.errors import InvalidInputError, NotFoundError
from domain.stock import Network, Reservation, Stock
from domain.ticket import ReservationState
from store.database import Connection
from store.sql import load

SQL = load("parts")

StockKey = tuple[str, str]
"""Service centre and part number."""
USUAL_TRANSFER = timedelta(days=1)
"""Between two centres of which nothing else is said."""
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
    instead_of: str | None = None,
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
        },
    ).fetchone()
    return int(row[0]) if row else None


def fill_reservation(connection: Connection, *, reservation_id: int, now: datetime) -> None:
    """A back-order has got its stock."""
    connection.execute(SQL["fill_reservation"], {"reservation_id": reservation_id, "now": now})


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
            balances = lock_stock(connection, sorted(keys))
            rows = held(connection, ticket_id=ticket_id)
            if all((row.service_centre, row.part_no) in balances for row in rows):
                return [(row, balances[row.service_centre, row.part_no]) for row in rows]
            raise psycopg.Rollback(attempt)  # gives the locks back, so that the next ones are taken in order


def read_network(connection: Connection, service_centre: str, part_nos: Sequence[str]) -> Network:
    """Where a centre could get these parts from, as it is now; nothing is locked."""
    wanted = {"parts": list(part_nos), "service_centre": service_centre, "usual": USUAL_TRANSFER}
    rows = connection.execute(SQL["network"], wanted).fetchall()
    lead_times = connection.execute(SQL["lead_times"], wanted)
    return Network(
        service_centre,
        [Stock(*row[:5]) for row in rows],
        {row[0]: row[5] for row in rows if row[0] != service_centre},
        {row[0]: row[1] for row in lead_times},
    )


def set_transfer_time(connection: Connection, *, from_centre: str, to_centre: str, takes: timedelta) -> None:
    """How long parts are under way from one centre to another, and back unless that is set too.

    Raises NotFoundError for an unknown centre, InvalidInputError for a way that leads nowhere.
    """
    if from_centre == to_centre:
        raise InvalidInputError(f"there is no way from {from_centre} to itself: name two service centres")
    try:
        connection.execute(
            SQL["set_transfer_time"], {"from_centre": from_centre, "to_centre": to_centre, "takes": takes}
        )
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFoundError(_unknown(error)) from error


def list_transfer_times(connection: Connection) -> list[tuple[str, str, timedelta]]:
    """From, to, and how long; what is not listed takes `USUAL_TRANSFER`."""
    return [(row[0], row[1], row[2]) for row in connection.execute(SQL["transfer_times"])]


def next_waiting(connection: Connection, stock: Stock) -> Reservation | None:
    """The back-order that is needed first, among those that this locked balance can fill."""
    values = {"service_centre": stock.service_centre, "part_no": stock.part_no, "free": stock.free}
    return next(iter(read_reservations(connection, SQL["next_waiting"], values)), None)


def list_stock(connection: Connection, *, service_centre: str | None = None) -> list[Stock]:
    """Every balance, or those of one centre."""
    return [Stock(*row) for row in connection.execute(SQL["list_stock"], {"service_centre": service_centre})]


def read_reservations(connection: Connection, query: LiteralString, values: Mapping[str, object]) -> list[Reservation]:
    """The rows of a query that selects a reservation's columns."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, values).fetchall()
    return [Reservation(**{**row, "state": ReservationState(row["state"])}) for row in rows]


def _unknown(error: psycopg.errors.ForeignKeyViolation) -> str:
    name = KEY.findall(error.diag.message_detail or "")[0]
    if error.diag.constraint_name == "part_stock_part_no_fkey":
        return f"unknown part {name!r}: add it to a catalog file and run 'aftercare migrate'"
    return f"unknown service centre {name!r}: it comes into being when a device is registered with it"
