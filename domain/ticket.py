"""Service tickets and the sums behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class TicketState(StrEnum):
    """The life of a ticket."""

    SUGGESTED = "suggested"
    OPEN = "open"
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ClosureCode(StrEnum):
    """What the technician found; it becomes the label that the next training run learns from."""

    CONFIRMED = "confirmed"
    WORN = "worn"
    NO_FAULT_FOUND = "no_fault_found"
    OTHER = "other"


class ReservationState(StrEnum):
    """The life of a part reservation."""

    RESERVED = "reserved"
    BACKORDERED = "backordered"
    PICKED = "picked"
    IN_TRANSIT = "in_transit"
    CONSUMED = "consumed"
    RELEASED = "released"


UNPLANNED = (TicketState.SUGGESTED, TicketState.OPEN)
"""Nobody has settled a date yet."""
MOVES: Mapping[TicketState, frozenset[TicketState]] = {
    TicketState.SUGGESTED: frozenset({TicketState.OPEN, TicketState.CANCELLED}),
    TicketState.OPEN: frozenset({TicketState.PLANNED, TicketState.IN_PROGRESS, TicketState.CANCELLED}),
    TicketState.PLANNED: frozenset(
        {TicketState.PLANNED, TicketState.OPEN, TicketState.IN_PROGRESS, TicketState.CANCELLED}
    ),
    TicketState.IN_PROGRESS: frozenset({TicketState.RESOLVED, TicketState.PLANNED}),
    TicketState.RESOLVED: frozenset({TicketState.CLOSED, TicketState.IN_PROGRESS}),
    TicketState.CLOSED: frozenset(),
    TicketState.CANCELLED: frozenset(),
}
"""From each state, the states that a ticket may move to; from planned to planned: the visit is moved."""


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One line of a sum that anyone can check; amounts in minor units of the decision's currency."""

    label: str
    minor: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A service ticket. `need_by`: the part and the technician must be there by then."""

    ticket_id: int
    device: str
    failure_mode: str
    state: TicketState
    priority: int
    summary: str
    opened_at: datetime
    need_by: datetime
    sla_response_due: datetime | None = None
    sla_repair_due: datetime | None = None
    entitlement: Mapping[str, Any] | None = None
    decision: Mapping[str, Any] | None = None
    closure_code: ClosureCode | None = None
    alarm_id: int | None = None
    prediction_id: int | None = None
    version: int = 1
    planned_for: datetime | None = None
