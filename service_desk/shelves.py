"""What comes onto the shelves of the service centres: orders, receipts and counts, each in the journal."""

from __future__ import annotations

from datetime import datetime

from domain.errors import ConflictError, InvalidInputError
from domain.stock import Stock
from service_desk.back_orders import fill_back_orders
from store import stock as balances
from store.database import Connection

LARGEST = 1_000_000
"""More than this in one booking is a slip of the hand."""


def order(
    connection: Connection,
    *,
    service_centre: str,
    part_no: str,
    quantity: int,
    who: str,
    now: datetime,
    reference: str | None = None,
) -> Stock:
    """Parts were ordered, or below zero called off. The same `reference` again changes nothing.

    Returns the balance after that. Raises NotFoundError, InvalidInputError, or ConflictError when more is called off
    than is on order or the reference stands for another quantity.
    """
    check_quantity(abs(quantity))
    key = (service_centre, part_no)
    stock = balances.lock_stock(connection, [key])[key]
    if _booked_already(connection, key, "order", reference, quantity):
        return stock
    if stock.on_order + quantity < 0:
        raise ConflictError(
            f"{part_no} at {service_centre}: {stock.on_order} on order, so {-quantity} cannot be called off"
        )
    return balances.move_stock(connection, key, "order", who=who, now=now, on_order=quantity, reference=reference)


def receive(
    connection: Connection,
    *,
    service_centre: str,
    part_no: str,
    quantity: int,
    who: str,
    now: datetime,
    reference: str | None = None,
) -> Stock:
    """Parts arrived: put them on the shelf, strike them off what is on order, and fill back-orders.

    The same `reference` again changes nothing. Returns the balance after that. Raises NotFoundError,
    InvalidInputError, or ConflictError when the reference stands for another quantity.
    """
    check_quantity(quantity)
    key = (service_centre, part_no)
    stock = balances.lock_stock(connection, [key])[key]
    if _booked_already(connection, key, "receipt", reference, quantity):
        return stock
    arrived = min(quantity, stock.on_order)
    stock = balances.move_stock(
        connection, key, "receipt", who=who, now=now, on_hand=quantity, on_order=-arrived, reference=reference
    )
    return fill_back_orders(connection, stock, who=who, now=now)


def adjust(
    connection: Connection, *, service_centre: str, part_no: str, counted: int, who: str, now: datetime, reason: str
) -> Stock:
    """A count of the shelf found `counted`, reserved ones among them; more than the balance said fills back-orders.

    The same count again changes nothing. Returns the balance after that. Raises NotFoundError, InvalidInputError
    also without a reason, or ConflictError when fewer would be on hand than are reserved.
    """
    if not 0 <= counted <= LARGEST:
        raise InvalidInputError(f"a count of {counted} is not between 0 and {LARGEST:,}")
    if not reason.strip():
        raise InvalidInputError(f"{part_no} at {service_centre} is adjusted only with a reason: say why")
    key = (service_centre, part_no)
    stock = balances.lock_stock(connection, [key])[key]
    if counted == stock.on_hand:
        return stock
    if counted < stock.allocated:
        raise ConflictError(
            f"{part_no} at {service_centre}: {stock.allocated} are reserved for tickets, so {counted} cannot be all "
            "that is there; cancel a ticket that holds one first"
        )
    stock = balances.move_stock(
        connection, key, "adjust", who=who, now=now, on_hand=counted - stock.on_hand, reason=reason
    )
    return fill_back_orders(connection, stock, who=who, now=now)


def check_quantity(quantity: int) -> None:
    """Raises InvalidInputError for what no booking can be about."""
    if not 1 <= quantity <= LARGEST:
        raise InvalidInputError(f"quantity {quantity} is not between 1 and {LARGEST:,}")


def _booked_already(
    connection: Connection, key: balances.StockKey, movement: str, reference: str | None, quantity: int
) -> bool:
    """Whether this booking is in the journal; the lock of the balance keeps it so.

    Raises ConflictError when it is with another quantity, InvalidInputError for a reference without a letter.
    """
    if reference is None:
        return False
    if not reference.strip():
        raise InvalidInputError(f"the reference is empty: give the number of the {movement}, or none at all")
    booked = balances.booked(connection, key, movement, reference)
    if booked is not None and booked != quantity:
        centre, part_no = key
        raise ConflictError(
            f"{movement} {reference!r} of {part_no} at {centre} is in the journal with {booked}, not {quantity}: "
            "book a correction under another reference"
        )
    return booked is not None
