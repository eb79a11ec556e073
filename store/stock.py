"""Balances of parts at service centres, and their journal.

A balance, or what is reserved of it, is changed only by who holds the lock of its centre and part (`lock_stock`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime

import psycopg

from domain.errors import NotFoundError
from domain.stock import Stock
from store.database import Connection
from store.sql import load

SQL = load("stock")

StockKey = tuple[str, str]
"""Service centre and part number."""
MISSING_KEY = re.compile(r"\)=\((.*)\) ")
"""As PostgreSQL names it."""


def lock_stock(connection: Connection, keys: Collection[StockKey]) -> Mapping[StockKey, Stock]:
    """The balances of these centres and parts, locked in key order until the transaction ends.

    Raises NotFoundError for an unknown centre or part.
    """
    values = {"centres": [centre for centre, _ in keys], "parts": [part for _, part in keys]}
    try:
        connection.execute(SQL["add_stock_rows"], values)
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFoundError(unknown(error)) from error
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


def list_stock(connection: Connection, *, service_centre: str | None = None) -> list[Stock]:
    """Every balance, or those of one centre."""
    return [Stock(*row) for row in connection.execute(SQL["list_stock"], {"service_centre": service_centre})]


def unknown(error: psycopg.errors.ForeignKeyViolation) -> str:
    """Says which part or service centre there is none of."""
    name = MISSING_KEY.findall(error.diag.message_detail or "")[0]
    if error.diag.constraint_name == "part_stock_part_no_fkey":
        return f"unknown part {name!r}: add it to a catalog file and run 'aftercare migrate'"
    return f"unknown service centre {name!r}: it comes into being when a device is registered with it"
