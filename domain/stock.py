"""Parts on the shelves of the service centres, what is kept for which ticket, and what is under way between shelves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

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
    """So many of a part kept for a ticket, on the way to it, or waiting for stock (backordered).

    service_centre: on whose shelf it lies, where it is waited for, or where it is being sent. instead_of: the part of
    the kit that this one is a substitute for. substitutes: what would do for the kit's part.
    """

    reservation_id: int
    ticket_id: int
    service_centre: str
    part_no: str
    quantity: int
    state: ReservationState
    need_by: datetime
    instead_of: str | None = None
    substitutes: tuple[str, ...] = ()

    @property
    def kit_part_no(self) -> str:
        return self.instead_of or self.part_no


class TransferState(StrEnum):
    """The life of a transfer; a ticket's begins as a suggestion."""

    SUGGESTED = "suggested"
    IN_TRANSIT = "in_transit"
    ARRIVED = "arrived"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Stock that goes from one centre to another and is `takes` under way; for a reservation, or to fill a shelf."""

    transfer_id: int
    part_no: str
    quantity: int
    from_centre: str
    to_centre: str
    state: TransferState
    takes: timedelta
    reservation_id: int | None
    shipped_at: datetime | None

    def arrives_at(self, now: datetime) -> datetime:
        """When it is there; a suggested one, when it is sent now."""
        return (self.shipped_at or now) + self.takes


@dataclass(frozen=True, slots=True)
class Network:
    """Where parts could come from, seen from one service centre.

    stock: every balance of them, of every centre. travel: how long they are under way from the others. lead_times: how
    long a purchase of a part takes.
    """

    service_centre: str
    stock: Sequence[Stock]
    travel: Mapping[str, timedelta] = field(default_factory=dict)
    lead_times: Mapping[str, timedelta] = field(default_factory=dict)
