"""Service tickets: their list, the sum behind each, and every move a planner or technician makes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id, Instant, Text
from api.schemas import Reservation, Ticket, TicketDetail, TicketEvent
from api.versions import OVERTAKEN, TAGGED, Answer, Edit, Editing, tag, tagged
from domain.ticket import ClosureCode, TicketState
from domain.ticket import Ticket as DomainTicket
from service_desk import tickets
from store import listings
from store import tickets as store_tickets
from store.database import Connection
from store.retry import in_transaction

router = APIRouter(prefix="/tickets", tags=["tickets"])


class Seen(BaseModel):
    """What the caller acts upon; when someone else was quicker the answer is 409."""

    version: Annotated[
        int | None, Field(ge=1, le=2**31 - 1, description="`version` of the ticket as seen", examples=[1])
    ] = None


class Planning(Seen):
    """When the visit takes place."""

    planned_for: Instant = Field(examples=["2026-03-02T08:00:00Z"])


class Cancellation(Seen):
    """Why nobody goes."""

    reason: Annotated[Text, Field(min_length=1, examples=["Unit is scrapped next week"])]


class Closure(Seen):
    """What the technician found; it becomes the label that the next training run learns from."""

    closure_code: ClosureCode
    worked_at: Instant | None = Field(None, description="When the work was done; default: when it was resolved")
    replaced: list[Text] = Field([], max_length=100, description="Further components that were exchanged")


UNSEEN = Seen()


@router.get("", operation_id="list_tickets")
def list_tickets(
    app: App,
    request: Request,
    response: Response,
    state: Annotated[list[TicketState] | None, Query(description="May be given several times")] = None,
    device: Filter = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Ticket]:
    """Tickets, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = listings.tickets(
            connection, states=state, device_name=device, after=key[0] if key else None, limit=limit + 1
        )
    return page(rows, limit, lambda row: (row.ticket_id,), Ticket, request, response)


@router.get("/needed", operation_id="list_tickets_by_need")
def list_tickets_by_need(
    app: App, request: Request, response: Response, limit: Limit = 50, after: Cursor = None
) -> Page[Ticket]:
    """Unsettled tickets by when part and technician must be there, soonest first."""
    key = read_cursor(after, datetime, int)
    with app.database.transaction() as connection:
        rows = listings.tickets_by_need(connection, after=(key[0], key[1]) if key else None, limit=limit + 1)
    return page(rows, limit, lambda row: (row.need_by, row.ticket_id), Ticket, request, response)


@router.get("/{ticket_id}", operation_id="get_ticket", responses=TAGGED)
def get_ticket(app: App, response: Response, ticket_id: Id) -> TicketDetail:
    """One ticket with the sum behind it, its life and its parts."""
    with app.database.transaction() as connection:
        return tagged(response, ticket_detail(connection, ticket_id), tag_of_ticket)


@router.post("/{ticket_id}/accept", operation_id="accept_ticket", responses=OVERTAKEN)
def accept_ticket(edit: Editing, ticket_id: Id, seen: Seen = UNSEEN) -> TicketDetail:
    """Take up a suggested ticket."""
    return move(edit, ticket_id, seen, partial(tickets.accept, catalog=edit.app.catalog))


@router.post("/{ticket_id}/plan", operation_id="plan_ticket", responses=OVERTAKEN)
def plan_ticket(edit: Editing, ticket_id: Id, planning: Planning) -> TicketDetail:
    """Set the date of the visit."""
    return move(edit, ticket_id, planning, partial(tickets.plan, planned_for=planning.planned_for))


@router.post("/{ticket_id}/start", operation_id="start_ticket", responses=OVERTAKEN)
def start_ticket(edit: Editing, ticket_id: Id, seen: Seen = UNSEEN) -> TicketDetail:
    """The technician begins."""
    return move(edit, ticket_id, seen, tickets.start)


@router.post("/{ticket_id}/resolve", operation_id="resolve_ticket", responses=OVERTAKEN)
def resolve_ticket(edit: Editing, ticket_id: Id, seen: Seen = UNSEEN) -> TicketDetail:
    """The work is done."""
    return move(edit, ticket_id, seen, tickets.resolve)


@router.post("/{ticket_id}/close", operation_id="close_ticket", responses=OVERTAKEN)
def close_ticket(edit: Editing, ticket_id: Id, closure: Closure) -> TicketDetail:
    """Say what was found, and be done."""
    close = partial(
        tickets.close,
        catalog=edit.app.catalog,
        closure_code=closure.closure_code,
        worked_at=closure.worked_at,
        replaced=closure.replaced,
    )
    return move(edit, ticket_id, closure, close)


@router.post("/{ticket_id}/cancel", operation_id="cancel_ticket", responses=OVERTAKEN)
def cancel_ticket(edit: Editing, ticket_id: Id, cancellation: Cancellation) -> TicketDetail:
    """Nobody goes; the parts are free again."""
    return move(edit, ticket_id, cancellation, partial(tickets.cancel, reason=cancellation.reason))


def move(edit: Edit, ticket_id: int, seen: Seen, how: Callable[..., object]) -> TicketDetail:
    """The ticket after a move, with its ETag on the response. Raises PreconditionError, and what the move raises."""
    return edit.run(
        lock=partial(store_tickets.lock, ticket_id=ticket_id),
        change=partial(how, ticket_id=ticket_id, who=edit.who, now=edit.app.clock(), version=seen.version),
        read=partial(ticket_detail, ticket_id=ticket_id),
        tag_of=tag_of_ticket,
    )


def change_beside(
    edit: Edit, ticket_id: int, change: Callable[..., DomainTicket], read: Callable[[Connection], Answer]
) -> Answer:
    """What hangs on a ticket after a change of it; the ETag on the response is the ticket's.

    Raises PreconditionError when the ticket stands otherwise now, and what `change` raises.
    """

    def work(connection: Connection) -> tuple[Answer, int]:
        edit.require(
            connection,
            lock=partial(store_tickets.lock, ticket_id=ticket_id),
            read=partial(ticket_detail, ticket_id=ticket_id),
            tag_of=tag_of_ticket,
        )
        ticket = change(connection, ticket_id=ticket_id, who=edit.who, now=edit.app.clock())
        return read(connection), ticket.version

    answer, version = in_transaction(edit.app.database, work)
    return tagged(edit.response, answer, lambda _: tag(version))


def tag_of_ticket(ticket: Ticket) -> str:
    """Its version."""
    return tag(ticket.version)


def ticket_detail(connection: Connection, ticket_id: int) -> TicketDetail:
    """One ticket with the sum behind it, its life and its parts. Raises NotFoundError."""
    ticket = Ticket.model_validate(row := listings.ticket(connection, ticket_id))
    return TicketDetail(
        **ticket.model_dump(),
        decision=dict(row.decision),
        events=[TicketEvent.model_validate(event) for event in listings.ticket_events(connection, ticket_id)],
        reservations=[
            Reservation.model_validate(reservation)
            for reservation in listings.reservations(connection, ticket_id=ticket_id, limit=500)
        ],
    )
