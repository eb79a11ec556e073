"""A ticket's visit: who goes when, from the service centre that serves the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.device_model import DeviceModel
from domain.errors import ConflictError, InvalidInputError
from domain.ticket import MOVES, Ticket, TicketState
from domain.visit import VisitKind
from service_desk.booking_case import BookingCase
from service_desk.moves import move
from service_desk.notices import planned_notice
from service_desk.slots import Slot
from store import tickets, visits
from store.database import Connection


@dataclass(frozen=True, slots=True)
class Offer:
    """A slot, whether it is in time, and the visit that is planned anyway and that it would lengthen."""

    slot: Slot
    in_time: bool
    visit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Offers:
    """What a service centre can offer for a ticket: the planned visit that the repair can join, each technician's best
    slot; and why there is none, or none in time."""

    service_centre: str
    skills: Sequence[str]
    wanted: datetime
    deadline: datetime
    offers: Sequence[Offer]
    problem: str


def offers(connection: Connection, catalog: Mapping[str, DeviceModel], *, ticket_id: int, now: datetime) -> Offers:
    """What could be booked now: in time, visits that are planned anyway first; then what is late, as it begins.

    Nothing is held. Raises NotFoundError.
    """
    case = BookingCase.of(connection, catalog, ticket_id, now)
    rosters = case.rosters(connection)
    found = [
        Offer(slot, slot.starts_at <= case.deadline)
        for roster in rosters
        if (slot := case.choose([roster])) is not None
    ]
    joined = [Offer(slot, slot.starts_at <= case.deadline, visit.visit_id) for visit, slot in case.joins(connection)]
    told = sorted(
        [*joined, *found], key=lambda one: (not one.in_time, one.in_time and one.visit_id is None, one.slot.starts_at)
    )
    problem = "" if any(one.in_time for one in told) else case.problem(rosters, told[0].slot if told else None)
    return Offers(case.filed.service_centre, case.mode.skills, case.wanted, case.deadline, told, problem)


def book(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    *,
    ticket_id: int,
    who: str,
    now: datetime,
    technician: str | None = None,
    starts_at: datetime | None = None,
    visit_id: int | None = None,
    version: int | None = None,
) -> Ticket:
    """Book the visit of an open ticket, or move it; the ticket is planned.

    Without a choice it is the planned visit that the decision joins, else the best slot in time. With `technician` his
    or her best slot, with `starts_at` exactly then, with `visit_id` that planned visit; what is chosen may be late.
    Raises InvalidInputError for a technician without the skill or a time that is past, ConflictError when nobody is
    free (its message offers the next possibility), NotFoundError, and as `moves.move`.
    """
    tickets.lock(connection, ticket_id)
    case = BookingCase.of(connection, catalog, ticket_id, now)
    state = case.filed.ticket.state
    if TicketState.PLANNED not in MOVES[state]:
        raise ConflictError(f"ticket {ticket_id} is {state}: no visit can be booked for it")
    if starts_at is not None and starts_at < now:
        raise InvalidInputError(
            f"ticket {ticket_id} cannot be planned for {starts_at:%Y-%m-%d %H:%M} UTC: it is {now:%Y-%m-%d %H:%M} UTC"
        )
    rosters = case.rosters(connection, technician)
    visits.lock_technicians(connection, [roster.technician_id for roster in rosters])
    rosters = case.rosters(connection, technician)  # as they are under the lock
    planned, slot = case.pick(connection, rosters, technician=technician, starts_at=starts_at, visit_id=visit_id)
    release(connection, case.filed.ticket)
    if planned is None:
        booked = visits.add(
            connection,
            device_id=case.filed.device_id,
            kind=VisitKind.REPAIR,
            technician_id=slot.technician_id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            who=who,
            now=now,
        )
    else:
        booked = planned.visit_id
        visits.lengthen(connection, visit_id=booked, technician_id=slot.technician_id, ends_at=slot.ends_at)
    visits.attach(connection, ticket_id=ticket_id, visit_id=booked, length=case.mode.visit_length)
    return move(
        connection,
        ticket_id=ticket_id,
        state=TicketState.PLANNED,
        what="planned",
        who=who,
        now=now,
        version=version,
        planned_for=slot.starts_at,
        detail={
            "planned_for": slot.starts_at.isoformat(),
            "until": slot.ends_at.isoformat(),
            "technician": slot.technician,
            "visit_id": booked,
            "joins_planned_visit": planned is not None,
            "customer_notice": planned_notice(connection, case.filed, slot.starts_at),
        },
    )


def release(connection: Connection, ticket: Ticket) -> None:
    """Free the slot of a ticket whose visit is called off or moved; one that was begun is done."""
    if ticket.state is TicketState.IN_PROGRESS:
        visits.finish(connection, ticket_id=ticket.ticket_id)
    visits.leave(connection, ticket_id=ticket.ticket_id)
