"""The one way in which a ticket changes its state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.errors import ChangedMeanwhileError, ConflictError
from domain.ticket import MOVES, ClosureCode, Ticket, TicketState
from service_desk.sla import clocks
from service_desk.ticket_record import record_change
from store import tickets
from store.database import Connection


def move(
    connection: Connection,
    *,
    ticket_id: int,
    state: TicketState,
    what: str,
    who: str,
    now: datetime,
    version: int | None = None,
    detail: Mapping[str, Any] | None = None,
    planned_for: datetime | None = None,
    closure_code: ClosureCode | None = None,
) -> Ticket:
    """Move a ticket and record it as `what`. `version`: the one that the caller saw; None takes the present one.

    Raises NotFoundError, or ConflictError when the state does not allow it or someone else was quicker.
    """
    ticket = tickets.lock(connection, ticket_id).ticket
    if state not in MOVES[ticket.state]:
        allowed = ", ".join(sorted(MOVES[ticket.state])) or "nothing else"
        refused = ConflictError if version in (None, ticket.version) else ChangedMeanwhileError
        raise refused(f"ticket {ticket_id} is {ticket.state} and cannot become {state}: it may become {allowed}")
    moved = tickets.move(
        connection,
        ticket_id=ticket_id,
        version=ticket.version if version is None else version,
        state=state,
        now=now,
        planned_for=planned_for,
        closure_code=closure_code,
    )
    if not moved:
        raise ChangedMeanwhileError(f"ticket {ticket_id} was changed by someone else in the meantime: load it again")
    clocks.follow(connection, ticket_id=ticket_id, state=state, now=now)
    return record_change(connection, ticket_id=ticket_id, what=what, who=who, now=now, detail=detail)
