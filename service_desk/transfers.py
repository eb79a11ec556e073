"""Stock that goes from one centre's shelf to another's: out of one balance when it leaves, into the other when it
arrives, and in neither on the way."""

from __future__ import annotations

from datetime import datetime

from domain.errors import ConflictError, InvalidInputError
from domain.stock import Reservation, Transfer, TransferState
from domain.ticket import ReservationState
from service_desk.back_orders import fill_back_orders
from service_desk.releasing import bring_home
from service_desk.shelves import check_quantity
from service_desk.ticket_record import record_change
from store import transfers
from store.database import Connection
from store.part_network import read_network
from store.reservations import place_reservation
from store.stock import lock_stock, move_stock


def send(
    connection: Connection,
    *,
    part_no: str,
    quantity: int,
    from_centre: str,
    to_centre: str,
    who: str,
    now: datetime,
) -> Transfer:
    """Ship free stock to another shelf; when it arrives it fills back-orders there.

    Raises NotFoundError, InvalidInputError, or ConflictError when not so many are free.
    """
    check_quantity(quantity)
    if from_centre == to_centre:
        raise InvalidInputError(f"{part_no} is at {to_centre} already: name two service centres")
    key = (from_centre, part_no)
    stock = lock_stock(connection, [key, (to_centre, part_no)])[key]
    if stock.free < quantity:
        raise ConflictError(f"{part_no} at {from_centre}: {stock.free} are free, so {quantity} cannot be sent")
    travel = read_network(connection, to_centre, [part_no]).travel[from_centre]
    transfer_id = transfers.add(
        connection, key, to_centre=to_centre, quantity=quantity, takes=travel, who=who, now=now, shipped_at=now
    )
    move_stock(connection, key, "transfer_out", who=who, now=now, on_hand=-quantity, reference=_reference(transfer_id))
    return transfers.get(connection, transfer_id)


def ship(connection: Connection, *, transfer_id: int, who: str, now: datetime) -> Transfer:
    """A suggested transfer leaves its shelf. Raises NotFoundError, or ConflictError when it is none any more."""
    transfer, reservation = _lock_in(connection, transfer_id, TransferState.SUGGESTED)
    assert reservation is not None, "a suggestion ends with its reservation"
    move_stock(
        connection,
        (transfer.from_centre, transfer.part_no),
        "transfer_out",
        who=who,
        now=now,
        on_hand=-transfer.quantity,
        allocated=-transfer.quantity,
        reservation_id=reservation.reservation_id,
        reference=_reference(transfer_id),
    )
    place_reservation(
        connection,
        reservation_id=reservation.reservation_id,
        service_centre=transfer.to_centre,
        state=ReservationState.IN_TRANSIT,
    )
    transfers.move(connection, transfer_id, TransferState.IN_TRANSIT, now=now)
    _record(connection, reservation, transfer, "part_shipped", who, now)
    return transfers.get(connection, transfer_id)


def arrive(connection: Connection, *, transfer_id: int, who: str, now: datetime) -> Transfer:
    """What was under way is on the shelf: for its ticket, or for back-orders when that is settled meanwhile.

    Raises NotFoundError, or ConflictError when it is not under way.
    """
    transfer, reservation = _lock_in(connection, transfer_id, TransferState.IN_TRANSIT)
    stock = move_stock(
        connection,
        (transfer.to_centre, transfer.part_no),
        "transfer_in",
        who=who,
        now=now,
        on_hand=transfer.quantity,
        allocated=transfer.quantity if reservation else 0,
        reservation_id=transfer.reservation_id,
        reference=_reference(transfer_id),
    )
    transfers.move(connection, transfer_id, TransferState.ARRIVED, now=now)
    if reservation is None:
        fill_back_orders(connection, stock, who=who, now=now)
    else:
        place_reservation(
            connection,
            reservation_id=reservation.reservation_id,
            service_centre=transfer.to_centre,
            state=ReservationState.RESERVED,
        )
        _record(connection, reservation, transfer, "part_arrived", who, now)
    return transfers.get(connection, transfer_id)


def cancel(connection: Connection, *, transfer_id: int, reason: str, who: str, now: datetime) -> Transfer:
    """A suggestion that nobody follows: its ticket waits at its own centre, and the stock is free where it lies.

    Raises InvalidInputError without a reason, NotFoundError, or ConflictError when it is no suggestion any more.
    """
    if not reason.strip():
        raise InvalidInputError(f"transfer {transfer_id} is cancelled only with a reason: say why")
    transfer, reservation = _lock_in(connection, transfer_id, TransferState.SUGGESTED)
    assert reservation is not None, "a suggestion ends with its reservation"
    _record(connection, reservation, transfer, "transfer_cancelled", who, now, reason)
    bring_home(connection, reservation, service_centre=transfer.to_centre, who=who, now=now, reason=reason)
    return transfers.get(connection, transfer_id)


def lock(connection: Connection, transfer_id: int) -> tuple[Transfer, Reservation | None]:
    """The transfer and what is still held of what it is for, with its shelves locked; read again after that.

    Raises NotFoundError.
    """
    transfer = transfers.get(connection, transfer_id)
    reservation = transfers.reservation_of(connection, transfer)
    keys = {(centre, transfer.part_no) for centre in (transfer.from_centre, transfer.to_centre)}
    if reservation:
        keys |= {(transfer.to_centre, part_no) for part_no in (reservation.kit_part_no, *reservation.substitutes)}
    lock_stock(connection, keys)
    transfer = transfers.get(connection, transfer_id)
    return transfer, transfers.reservation_of(connection, transfer)


def _lock_in(connection: Connection, transfer_id: int, state: TransferState) -> tuple[Transfer, Reservation | None]:
    """As `lock`. Raises ConflictError in another state, too."""
    transfer, reservation = lock(connection, transfer_id)
    if transfer.state is not state:
        raise ConflictError(f"transfer {transfer_id} is {transfer.state} and not {state}: load it again")
    return transfer, reservation


def _record(
    connection: Connection,
    reservation: Reservation,
    transfer: Transfer,
    what: str,
    who: str,
    now: datetime,
    reason: str = "",
) -> None:
    detail = {
        "part_no": transfer.part_no,
        "quantity": transfer.quantity,
        "from_centre": transfer.from_centre,
        "to_centre": transfer.to_centre,
    }
    if reason:
        detail["reason"] = reason
    record_change(connection, ticket_id=reservation.ticket_id, what=what, who=who, now=now, detail=detail)


def _reference(transfer_id: int) -> str:
    return f"transfer {transfer_id}"
