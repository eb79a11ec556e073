"""After a ticket is closed: is the customer satisfied, and did the first visit mend it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import ConflictError, InvalidInputError
from domain.ticket import Ticket, TicketState
from service_desk.ticket_record import record_change
from store import follow_up, tickets
from store.database import Connection
from store.follow_up import Aftermath

PROOF = timedelta(days=30)
"""A mended failure mode asks for no other visit for so long."""
WORST, BEST = 1, 5


@dataclass(frozen=True, slots=True)
class FollowUp:
    """first_visit_fix: one visit was enough and no other ticket came within 30 days; None while nobody can know."""

    satisfaction: int | None
    comment: str
    visits: int
    first_visit_fix: bool | None


def give_feedback(
    connection: Connection, *, ticket_id: int, satisfaction: int, comment: str, who: str, now: datetime
) -> Ticket:
    """Note how satisfied the customer is, from 1 to 5; a later word replaces an earlier one.

    Raises InvalidInputError, NotFoundError, or ConflictError while the work is not done.
    """
    if not WORST <= satisfaction <= BEST:
        raise InvalidInputError(f"satisfaction {satisfaction} is not between {WORST} and {BEST}")
    ticket = tickets.lock(connection, ticket_id).ticket
    if ticket.state not in (TicketState.RESOLVED, TicketState.CLOSED):
        raise ConflictError(f"ticket {ticket_id} is {ticket.state}: ask how satisfied the customer is when it is done")
    follow_up.save_feedback(
        connection, ticket_id=ticket_id, satisfaction=satisfaction, comment=comment.strip(), who=who, at=now
    )
    tickets.next_version(connection, ticket_id)
    detail = {"satisfaction": satisfaction, "comment": comment.strip()}
    return record_change(connection, ticket_id=ticket_id, what="feedback_given", who=who, now=now, detail=detail)


def follow_up_of(connection: Connection, *, ticket_id: int, now: datetime) -> FollowUp | None:
    """None while the ticket is not closed. Raises NotFoundError."""
    tickets.get(connection, ticket_id)
    after = follow_up.aftermath(connection, ticket_id=ticket_id)
    if after is None:
        return None
    return FollowUp(after.satisfaction, after.comment or "", after.visits, first_visit_fix(after, now))


def first_visit_fix(after: Aftermath, now: datetime) -> bool | None:
    """None while nothing speaks against it and the 30 days are not over."""
    if after.visits > 1 or (after.next_at is not None and after.next_at < after.closed_at + PROOF):
        return False
    return True if now >= after.closed_at + PROOF else None
