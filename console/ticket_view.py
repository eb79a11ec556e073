"""What pages show of a ticket beside its row: parts, promises, slots, and what it came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aftercare.wiring import Application
from domain.device_model import FailureMode
from domain.entitlement import PauseReason
from domain.errors import NotFoundError
from domain.ticket import MOVES, TicketState
from service_desk import booking
from service_desk.booking import Offers
from service_desk.follow_up import follow_up_of
from service_desk.sla.standing import standing_of
from service_desk.supply import PartSupply, supply_of
from store import listings, problem_reports, sla_clocks, visits
from store.database import Connection
from store.listing_rows import TicketEventRow, TicketRow
from store.scope import customer_in_view

ROWS = 100


def mode_of(app: Application, device_model: str, failure_mode: str) -> FailureMode | None:
    """None for what is older than the catalog: its failure mode may have left it."""
    model = app.catalog.get(device_model)
    try:
        return model.failure_mode(failure_mode) if model else None
    except NotFoundError:
        return None


def ticket_view(connection: Connection, app: Application, ticket: TicketRow) -> dict[str, Any]:
    """What the partial templates of a ticket take, by name. A customer's user is told nothing of shelves and shifts."""
    ticket_id, now = ticket.ticket_id, app.clock()
    mode = mode_of(app, ticket.device_model, ticket.failure_mode)
    visit_id = visits.of_ticket(connection, ticket_id=ticket_id)
    pauses = sla_clocks.pauses(connection, ticket_id=ticket_id)
    return {
        "ticket": ticket,
        "mode": mode,
        "moves": MOVES[TicketState(ticket.state)],
        "reservations": listings.reservations(connection, ticket_id=ticket_id, limit=ROWS),
        "supply": _supply(connection, ticket_id, mode, now),
        "clocks": standing_of(connection, ticket_id=ticket_id, now=now),
        "waits_for": next((pause.reason for pause in pauses if pause.ended_at is None), None),
        "pause_reasons": list(PauseReason),
        "visit": visits.get(connection, visit_id) if visit_id else None,
        "offers": _offers(connection, app, ticket, mode),
        "reports": problem_reports.of_ticket(connection, ticket_id=ticket_id),
        "after": follow_up_of(connection, ticket_id=ticket_id, now=now),
    }


def decided_by(ticket: TicketRow, events: Sequence[TicketEventRow]) -> int | None:
    """The prediction that the ticket's decision rests on: it is renewed when a later one hastens the ticket."""
    named = (event.detail.get("prediction_id") for event in reversed(events))
    return next((prediction_id for prediction_id in named if prediction_id), ticket.prediction_id)


def gate_told(events: Sequence[TicketEventRow]) -> str:
    """Why the ticket opened by itself or was only suggested, as its history says; empty when it does not."""
    told = (event.detail.get("gate") for event in events if event.what in ("opened", "suggested"))
    return next((str(reason) for reason in told if reason), "")


def _supply(connection: Connection, ticket_id: int, mode: FailureMode | None, now: datetime) -> list[PartSupply]:
    if customer_in_view() is not None:
        return []
    return supply_of(connection, ticket_id=ticket_id, kit=mode.kit if mode else (), now=now)


def _offers(connection: Connection, app: Application, ticket: TicketRow, mode: FailureMode | None) -> Offers | None:
    """None when no date is to be chosen."""
    choosable = TicketState.PLANNED in MOVES[TicketState(ticket.state)] or ticket.state == TicketState.SUGGESTED
    if not choosable or mode is None or customer_in_view() is not None:
        return None
    return booking.offers(connection, app.catalog, ticket_id=ticket.ticket_id, now=app.clock())
