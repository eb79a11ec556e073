"""What tickets wait for gets filled by what comes onto a shelf or gets free there."""

from __future__ import annotations

from datetime import datetime

from domain.stock import Stock
from service_desk.ticket_record import record_change
from store import reservations
from store.database import Connection
from store.stock import move_stock


def fill_back_orders(connection: Connection, stock: Stock, *, who: str, now: datetime) -> Stock:
    """Give free stock to back-orders of its part, or that it would do for, first needed first; one that does not fit
    does not hold up a smaller one. The caller holds the stock's lock. Returns the balance after that."""
    while waiting := reservations.next_waiting(connection, stock):
        reservations.fill_reservation(connection, reservation_id=waiting.reservation_id, part_no=stock.part_no, now=now)
        stock = move_stock(
            connection,
            (stock.service_centre, stock.part_no),
            "reserve",
            who=who,
            now=now,
            allocated=waiting.quantity,
            reservation_id=waiting.reservation_id,
        )
        detail: dict[str, object] = {"part_no": stock.part_no, "quantity": waiting.quantity}
        if stock.part_no != waiting.kit_part_no:
            detail["instead_of"] = waiting.kit_part_no
        record_change(connection, ticket_id=waiting.ticket_id, what="part_reserved", who=who, now=now, detail=detail)
    return stock
