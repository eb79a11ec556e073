"""Where the parts of a ticket are, when they arrive, and what could be done about those that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.device_model import KitLine
from domain.stock import Reservation, Stock
from domain.ticket import ReservationState
from service_desk.sourcing import Source, options
from store import reservations, transfers
from store.database import Connection
from store.part_network import read_network
from store.transfers import TransferRow


@dataclass(frozen=True, slots=True)
class PartSupply:
    """A reservation and its open transfer. For one that waits: who has what of it, and how it could come, the best way
    first and a purchase last."""

    reservation: Reservation
    transfer: TransferRow | None
    stock: Sequence[Stock] = ()
    ways: Sequence[Source] = ()


def supply_of(connection: Connection, *, ticket_id: int, kit: Sequence[KitLine], now: datetime) -> list[PartSupply]:
    """Everything that a ticket holds or waits for. `kit` tells what does as well."""
    under_way = {
        (row.part_no, row.quantity): row
        for row in transfers.listing(connection, states=["suggested", "in_transit"], ticket_id=ticket_id)
    }
    supplies = []
    for reservation in reservations.held(connection, ticket_id=ticket_id):
        if reservation.state is not ReservationState.BACKORDERED:
            transfer = under_way.get((reservation.part_no, reservation.quantity))
            supplies.append(PartSupply(reservation, transfer))
            continue
        substitutes = [part_no for line in kit if line.part_no == reservation.part_no for part_no in line.substitutes]
        line = KitLine(reservation.part_no, reservation.quantity, tuple(substitutes))
        network = read_network(connection, reservation.service_centre, [line.part_no, *substitutes])
        stock = [balance for balance in network.stock if balance.on_hand or balance.on_order]
        supplies.append(PartSupply(reservation, None, stock, options(line, network, now=now)))
    return supplies
