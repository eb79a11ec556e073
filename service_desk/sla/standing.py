"""How the SLA clocks of a ticket stand, for those who look at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service_desk.sla.clocks import read_clocks, read_pauses
from service_desk.sla.promises import ClockState, SlaClock, state_of
from store.database import Connection


@dataclass(frozen=True, slots=True)
class Standing:
    """A clock and how it stands."""

    clock: SlaClock
    state: ClockState


def standing_of(connection: Connection, *, ticket_id: int, now: datetime) -> list[Standing]:
    """Every clock of a ticket, that of the response first."""
    pauses = read_pauses(connection, ticket_id)
    return [
        Standing(clock, state_of(clock, pauses, max(now, clock.started_at)))
        for clock in read_clocks(connection, ticket_id)
    ]
