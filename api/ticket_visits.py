"""A ticket's visit and what comes of it: slots, booking, where the ticket comes from, and the customer's opinion."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.request import LARGEST_ID, App, Id, Instant, Text
from api.schemas import TicketDetail
from api.tickets import Seen, change_beside, move
from api.versions import OVERTAKEN, Editing
from domain.errors import ForbiddenError
from service_desk import booking
from service_desk.follow_up import follow_up_of, give_feedback
from service_desk.lineage import lineage_of
from store.database import Connection
from store.scope import customer_in_view

router = APIRouter(prefix="/tickets/{ticket_id}", tags=["tickets"])


class Booking(Seen):
    """Which slot; nothing chosen: the planned visit that the decision joins, else the best slot in time."""

    technician: Annotated[Text | None, Field(examples=["anna"])] = None
    starts_at: Annotated[Instant | None, Field(examples=["2026-03-02T08:00:00Z"])] = None
    visit_id: Annotated[int | None, Field(ge=1, le=LARGEST_ID, description="A planned visit that the repair joins")] = (
        None
    )


class SlotOffer(BaseModel):
    """A slot that could be booked now; nothing is held."""

    technician: str
    starts_at: datetime
    ends_at: datetime
    in_time: bool
    visit_id: int | None = Field(description="The planned visit that would be lengthened")


class SlotOffers(BaseModel):
    """What the service centre can offer; `problem` says why nothing is in time, and what is possible instead."""

    service_centre: str
    skills: list[str]
    wanted: datetime
    deadline: datetime
    offers: list[SlotOffer]
    problem: str


class Feedback(BaseModel):
    """What the customer says."""

    satisfaction: Annotated[int, Field(ge=1, le=5)]
    comment: Text = ""


class FollowUp(BaseModel):
    """What came after a ticket; all null while it is not closed."""

    satisfaction: int | None = None
    comment: str = ""
    visits: int | None = None
    first_visit_fix: Annotated[
        bool | None, Field(description="Null while it cannot be known: 30 days after it closed")
    ] = None


BEST = Booking()


@router.get("/slots", operation_id="list_slots")
def list_slots(app: App, ticket_id: Id) -> SlotOffers:
    """Who could go when: planned visits that can be joined, and each technician's best slot; late ones last."""
    if customer_in_view() is not None:
        raise ForbiddenError("when technicians are free is not for the users of a customer")
    with app.database.transaction() as connection:
        found = booking.offers(connection, app.catalog, ticket_id=ticket_id, now=app.clock())
    offers = [
        SlotOffer(
            technician=one.slot.technician,
            starts_at=one.slot.starts_at,
            ends_at=one.slot.ends_at,
            in_time=one.in_time,
            visit_id=one.visit_id,
        )
        for one in found.offers
    ]
    return SlotOffers(
        service_centre=found.service_centre,
        skills=list(found.skills),
        wanted=found.wanted,
        deadline=found.deadline,
        offers=offers,
        problem=found.problem,
    )


@router.post("/book", operation_id="book_ticket", responses=OVERTAKEN)
def book_ticket(edit: Editing, ticket_id: Id, chosen: Booking = BEST) -> TicketDetail:
    """Book the visit, or move it; a technician's slot is nobody else's."""
    slot = chosen.model_dump(exclude={"version"})
    return move(edit, ticket_id, chosen, partial(booking.book, catalog=edit.app.catalog, **slot))


@router.get("/lineage", operation_id="get_lineage")
def get_lineage(app: App, ticket_id: Id) -> dict[str, Any]:
    """From the ticket to its alarm, prediction, model version, training run and raw readings."""
    with app.database.transaction() as connection:
        return lineage_of(connection, app.catalog, ticket_id)


@router.get("/follow-up", operation_id="get_follow_up")
def get_follow_up(app: App, ticket_id: Id) -> FollowUp:
    """Satisfaction, and whether the first visit mended it."""
    with app.database.transaction() as connection:
        found = follow_up_of(connection, ticket_id=ticket_id, now=app.clock())
    return FollowUp(**asdict(found)) if found else FollowUp()


@router.post("/feedback", operation_id="give_feedback", responses=OVERTAKEN)
def post_feedback(edit: Editing, ticket_id: Id, feedback: Feedback) -> FollowUp:
    """Note what the customer says of the visit; a later word replaces an earlier one."""

    def read(connection: Connection) -> FollowUp:
        found = follow_up_of(connection, ticket_id=ticket_id, now=edit.app.clock())
        return FollowUp(**asdict(found)) if found else FollowUp(**feedback.model_dump())

    return change_beside(edit, ticket_id, partial(give_feedback, **feedback.model_dump()), read)
