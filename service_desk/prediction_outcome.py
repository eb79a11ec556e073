"""What a prediction changed."""

from __future__ import annotations

from dataclasses import dataclass

from domain.alarm import AlarmChange
from domain.stock import Reservation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a prediction changed. `ticket`: suggested, opened, hastened or cancelled, as the ticket's history says."""

    alarm: AlarmChange | None = None
    alarm_id: int | None = None
    ticket: str | None = None
    ticket_id: int | None = None
    reservations: tuple[Reservation, ...] = ()
