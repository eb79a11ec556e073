"""Parts that tickets hold or wait for: never oversold, and freed parts go to who needs them first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from domain.device_model import KitLine
from domain.stock import Reservation, Stock
from domain.ticket import ReservationState
from service_desk.ticket_record import record_change
from store import parts
from store.database import Connection


def reserve_kit(
    connection: Connection,
    *,
    ticket_id: int,
    service_centre: str,
    kit: Sequence[KitLine],
    need_by: datetime,
    who: str,
    now: datetime,
) -> list[Reservation]:
    """Reserve a repair's parts at a centre in the ticket's transaction; what is not free there is back-ordered.

    A part that the ticket holds or awaits already is left alone. Returns everything that the ticket holds.
    """
    quantities: Counter[str] = Counter()
    for line in kit:
        quantities[line.part_no] += line.quantity
    balances = parts.lock_stock(connection, [(service_centre, part_no) for part_no in quantities])
    for key, stock in balances.items():
        quantity = quantities[key[1]]
        state = ReservationState.RESERVED if stock.free >= quantity else ReservationState.BACKORDERED
        reservation_id = parts.add_reservation(
            connection, key, ticket_id=ticket_id, quantity=quantity, state=state, need_by=need_by, now=now
        )
        if reservation_id is not None and state is ReservationState.RESERVED:
            parts.move_stock(
                connection, key, "reserve", who=who, now=now, allocated=quantity, reservation_id=reservation_id
            )
    return parts.held(connection, ticket_id=ticket_id)


def release(connection: Connection, *, ticket_id: int, who: str, now: datetime, reason: str) -> None:
    """Give back what a ticket holds; back-orders of others get it at once."""
    for reservation, stock in _lock_held(connection, ticket_id):
        balance = _end(connection, reservation, stock, used=False, who=who, now=now, reason=reason)
        fill_back_orders(connection, balance, who=who, now=now)


def consume(connection: Connection, *, ticket_id: int, who: str, now: datetime, reason: str) -> None:
    """Book out what a ticket holds; what it was still waiting for came from elsewhere and is released."""
    for reservation, stock in _lock_held(connection, ticket_id):
        _end(connection, reservation, stock, used=True, who=who, now=now, reason=reason)


def fill_back_orders(connection: Connection, stock: Stock, *, who: str, now: datetime) -> Stock:
    """Give free stock to back-orders, first needed first; one that does not fit does not hold up a smaller one."""
    while reservation := parts.next_waiting(connection, stock):
        parts.fill_reservation(connection, reservation_id=reservation.reservation_id, now=now)
        stock = parts.move_stock(
            connection,
            (stock.service_centre, stock.part_no),
            "reserve",
            who=who,
            now=now,
            allocated=reservation.quantity,
            reservation_id=reservation.reservation_id,
        )
        ticket_id, detail = reservation.ticket_id, {"part_no": reservation.part_no, "quantity": reservation.quantity}
        record_change(connection, ticket_id=ticket_id, what="part_reserved", who=who, now=now, detail=detail)
    return stock


def _lock_held(connection: Connection, ticket_id: int) -> list[tuple[Reservation, Stock]]:
    """What a ticket holds, each with its locked balance; read after the lock, since a back-order may have been filled
    while we waited for it."""
    keys = [(row.service_centre, row.part_no) for row in parts.held(connection, ticket_id=ticket_id)]
    balances = parts.lock_stock(connection, keys)
    return [(row, balances[row.service_centre, row.part_no]) for row in parts.held(connection, ticket_id=ticket_id)]


def _end(
    connection: Connection, reservation: Reservation, stock: Stock, *, used: bool, who: str, now: datetime, reason: str
) -> Stock:
    waits = reservation.state is ReservationState.BACKORDERED
    state = ReservationState.CONSUMED if used and not waits else ReservationState.RELEASED
    parts.end_reservation(connection, reservation_id=reservation.reservation_id, state=state, now=now)
    if waits:
        return stock
    return parts.move_stock(
        connection,
        (reservation.service_centre, reservation.part_no),
        "consume" if used else "release",
        who=who,
        now=now,
        on_hand=-reservation.quantity if used else 0,
        allocated=-reservation.quantity,
        reservation_id=reservation.reservation_id,
        reason=reason,
    )
