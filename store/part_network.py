"""Where parts could come from: the balances of all centres, the ways between these, and lead times of purchases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import psycopg

from domain.errors import InvalidInputError, NotFoundError
from domain.stock import Network, Stock
from store.database import Connection
from store.sql import load
from store.stock import unknown

SQL = load("part_network")
LONGEST_WAY = timedelta(hours=10_000)

USUAL_TRANSFER = timedelta(days=1)
"""Between two centres of which nothing else is said."""


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

    Raises NotFoundError for an unknown centre, InvalidInputError for a way that leads nowhere or takes too long.
    """
    if takes > LONGEST_WAY:
        raise InvalidInputError(f"no way takes more than {LONGEST_WAY / timedelta(hours=1):,.0f} h")
    if from_centre == to_centre:
        raise InvalidInputError(f"there is no way from {from_centre} to itself: name two service centres")
    try:
        connection.execute(
            SQL["set_transfer_time"], {"from_centre": from_centre, "to_centre": to_centre, "takes": takes}
        )
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFoundError(unknown(error)) from error


def lock_transfer_times(connection: Connection) -> None:
    """Keep all of them as they are until the transaction ends."""
    connection.execute(SQL["lock_transfer_times"])


def list_transfer_times(connection: Connection) -> list[tuple[str, str, timedelta]]:
    """From, to, and how long; what is not listed takes `USUAL_TRANSFER`."""
    return [(row[0], row[1], row[2]) for row in connection.execute(SQL["transfer_times"])]
