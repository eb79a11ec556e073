"""Ends what tickets hold of parts or wait for; what gets free goes to who needs it first."""

from __future__ import annotations

from datetime import datetime

from domain.device_model import KitLine
from domain.stock import Network, Reservation, Stock
from domain.ticket import ReservationState
from service_desk.back_orders import fill_back_orders
from service_desk.reserving import book
from service_desk.sourcing import at_home
from store import reservations, transfers
from store.database import Connection
from store.stock import lock_stock, move_stock

NOT_ON_A_SHELF = (ReservationState.BACKORDERED, ReservationState.IN_TRANSIT)


def release(connection: Connection, *, ticket_id: int, who: str, now: datetime, reason: str) -> None:
    """Give back what a ticket holds; back-orders of others get it at once. What is under way arrives as free stock."""
    for reservation, stock in reservations.lock_held(connection, ticket_id=ticket_id):
        balance = _end(connection, reservation, stock, used=False, who=who, now=now, reason=reason)
        fill_back_orders(connection, balance, who=who, now=now)


def consume(connection: Connection, *, ticket_id: int, who: str, now: datetime, reason: str) -> None:
    """Book out what a ticket holds; what it was still waiting for came from elsewhere and is released."""
    for reservation, stock in reservations.lock_held(connection, ticket_id=ticket_id):
        _end(connection, reservation, stock, used=True, who=who, now=now, reason=reason)


def bring_home(
    connection: Connection, reservation: Reservation, *, service_centre: str, who: str, now: datetime, reason: str
) -> None:
    """Give up what a ticket holds on another shelf, and take what its service centre has for the kit, or await it.

    The caller holds the locks of this shelf, and at the service centre of everything that would do.
    """
    there = (reservation.service_centre, reservation.part_no)
    line = KitLine(reservation.kit_part_no, reservation.quantity, reservation.substitutes)
    home = [(service_centre, part_no) for part_no in (line.part_no, *line.substitutes)]
    balances = lock_stock(connection, {there, *home})
    freed = _end(connection, reservation, balances[there], used=False, who=who, now=now, reason=reason)
    network = Network(service_centre, [balances[key] for key in home])
    supply = at_home(line, network, now=now)
    book(connection, [supply], network, ticket_id=reservation.ticket_id, need_by=reservation.need_by, who=who, now=now)
    fill_back_orders(connection, freed, who=who, now=now)


def _end(
    connection: Connection, reservation: Reservation, stock: Stock, *, used: bool, who: str, now: datetime, reason: str
) -> Stock:
    waits = reservation.state in NOT_ON_A_SHELF
    state = ReservationState.CONSUMED if used and not waits else ReservationState.RELEASED
    reservations.end_reservation(connection, reservation_id=reservation.reservation_id, state=state, now=now)
    if waits:
        return stock
    transfers.cancel_suggested(connection, reservation_id=reservation.reservation_id, now=now, reason=reason)
    return move_stock(
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
