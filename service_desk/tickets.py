"""What people do with a ticket, from accepting the suggestion to the technician's work; `closing` ends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.device_model import DeviceModel
from domain.errors import ConfigurationError, InvalidInputError
from domain.ticket import Ticket, TicketState
from service_desk import releasing
from service_desk.booking import release
from service_desk.closing import close as close
from service_desk.entitlement.settling import settle
from service_desk.moves import move
from service_desk.notices import cancelled_notice, done_notice, planned_notice
from service_desk.reserving import reserve_kit
from store import tickets, visits
from store.database import Connection


def accept(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    *,
    ticket_id: int,
    who: str,
    now: datetime,
    version: int | None = None,
) -> Ticket:
    """A planner takes up a suggestion: the ticket opens and its kit is reserved. Raises as `moves.move`."""
    ticket = move(
        connection, ticket_id=ticket_id, state=TicketState.OPEN, what="accepted", who=who, now=now, version=version
    )
    filed = tickets.get(connection, ticket_id)
    device_model = catalog.get(filed.device_model)
    if device_model is None:
        raise ConfigurationError(f"device model {filed.device_model} of {ticket.device} is in no catalog file")
    settle(connection, device_model, ticket_id=ticket_id, now=now)
    reserve_kit(
        connection,
        ticket_id=ticket_id,
        service_centre=filed.service_centre,
        kit=device_model.failure_mode(ticket.failure_mode).kit,
        need_by=ticket.need_by,
        who=who,
        now=now,
    )
    return tickets.get(connection, ticket_id).ticket


def plan(
    connection: Connection,
    *,
    ticket_id: int,
    planned_for: datetime,
    who: str,
    now: datetime,
    version: int | None = None,
) -> Ticket:
    """Fix the time of the visit by hand, not before `now`, without a technician; a slot that was booked is free again.

    Raises InvalidInputError, and as `moves.move`.
    """
    if planned_for < now:
        raise InvalidInputError(
            f"ticket {ticket_id} cannot be planned for {planned_for:%Y-%m-%d %H:%M} UTC: it is {now:%Y-%m-%d %H:%M} UTC"
        )
    filed = tickets.lock(connection, ticket_id)
    release(connection, filed.ticket)
    return move(
        connection,
        ticket_id=ticket_id,
        state=TicketState.PLANNED,
        what="planned",
        who=who,
        now=now,
        version=version,
        planned_for=planned_for,
        detail={
            "planned_for": planned_for.isoformat(),
            "customer_notice": planned_notice(connection, filed, planned_for),
        },
    )


def start(connection: Connection, *, ticket_id: int, who: str, now: datetime, version: int | None = None) -> Ticket:
    """The technician begins, or begins again on a resolved ticket. Raises as `moves.move`."""
    return move(
        connection,
        ticket_id=ticket_id,
        state=TicketState.IN_PROGRESS,
        what="started",
        who=who,
        now=now,
        version=version,
    )


def resolve(
    connection: Connection, *, ticket_id: int, who: str, now: datetime, version: int | None = None, note: str = ""
) -> Ticket:
    """The technician's work is done; closing says what was found. Raises as `moves.move`."""
    told = {"customer_notice": done_notice(tickets.lock(connection, ticket_id))}
    ticket = move(
        connection,
        ticket_id=ticket_id,
        state=TicketState.RESOLVED,
        what="resolved",
        who=who,
        now=now,
        version=version,
        detail={"note": note, **told} if note else told,
    )
    visits.finish(connection, ticket_id=ticket_id)
    return ticket


def cancel(
    connection: Connection, *, ticket_id: int, reason: str, who: str, now: datetime, version: int | None = None
) -> Ticket:
    """Dismiss a suggestion or call off a visit, with a reason; the parts are released.

    The alarm stays until the prediction is retracted, and opens no other ticket meanwhile.
    Raises InvalidInputError without a reason, and as `moves.move`.
    """
    if not reason.strip():
        raise InvalidInputError(f"ticket {ticket_id} is cancelled only with a reason: say why")
    notice = cancelled_notice(tickets.lock(connection, ticket_id))
    ticket = move(
        connection,
        ticket_id=ticket_id,
        state=TicketState.CANCELLED,
        what="cancelled",
        who=who,
        now=now,
        version=version,
        detail={"reason": reason, "customer_notice": notice} if notice else {"reason": reason},
    )
    visits.leave(connection, ticket_id=ticket_id)
    releasing.release(connection, ticket_id=ticket_id, who=who, now=now, reason=reason)
    return ticket
