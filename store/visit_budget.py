"""How many visits service centres can make, and the tickets that ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("visit_budget")


@dataclass(frozen=True, slots=True)
class AskingRow:
    """A ticket that asks for a visit, at the latest in `week`, or has one (`committed`). alarm_id: the uncleared alarm
    of its prediction; `saving` and `deferred` are the alarm's."""

    ticket_id: int
    service_centre: str
    week: int
    saving: int
    committed: bool
    alarm_id: int | None
    deferred: bool


def hold(connection: Connection) -> None:
    """Be the one who decides who waits, until the transaction ends."""
    connection.execute(SQL["hold"])


def set_capacity(connection: Connection, *, service_centre: str, visits: int | None) -> None:
    """Let a centre make so many visits a week, or as many as are asked for (None). Raises NotFoundError."""
    [(known,)] = connection.execute(SQL["centre"], {"service_centre": service_centre})
    if not known:
        raise NotFoundError(f"there is no service centre {service_centre!r}: a device or site has to name it first")
    values = {"service_centre": service_centre, "visits": visits}
    connection.execute(SQL["lift" if visits is None else "set_visits"], values)


def capacities(connection: Connection, service_centre: str | None = None) -> dict[str, int]:
    """Visits a week by service centre; one that is not in it takes all."""
    return dict(connection.execute(SQL["capacities"], {"service_centre": service_centre}).fetchall())


def asking(connection: Connection, *, now: datetime, service_centre: str | None = None) -> list[AskingRow]:
    """By ticket, at one centre or all."""
    rows = connection.execute(SQL["asking"], {"now": now, "service_centre": service_centre})
    return [AskingRow(*row) for row in rows]


def week(connection: Connection, *, service_centre: str, instant: datetime) -> int:
    """In which week an instant is by the centre's clock, counted as in `AskingRow`."""
    [(number,)] = connection.execute(SQL["week"], {"service_centre": service_centre, "instant": instant})
    return int(number)


def held(connection: Connection) -> list[int]:
    """Suggested tickets that were not opened only because their alarm was deferred, which it is no longer."""
    return [ticket_id for (ticket_id,) in connection.execute(SQL["held"])]
