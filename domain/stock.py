"""Parts on the shelves of the service centres, and what is kept for which ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.ticket import ReservationState


@dataclass(frozen=True, slots=True)
class Stock:
    """The balance of one part at one service centre; `allocated` of the `on_hand` are kept for tickets."""

    service_centre: str
    part_no: str
    on_hand: int
    allocated: int
    on_order: int

    @property
    def free(self) -> int:
        return self.on_hand - self.allocated


@dataclass(frozen=True, slots=True)
class Reservation:
    """So many of a part kept for a ticket, or waiting for stock (backordered)."""

    reservation_id: int
    ticket_id: int
    service_centre: str
    part_no: str
    quantity: int
    state: ReservationState
    need_by: datetime
