"""Tickets: what is to settle, and what a planner needs to decide on one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.drawings import risk_chart
from console.render import show
from console.request import After, Id, Text
from domain.device_model import DeviceModel, FailureMode
from domain.ticket import MOVES, TicketState
from service_desk.sla.standing import standing_of
from service_desk.supply import PartSupply, supply_of
from store import listings
from store.database import Connection
from store.listing_rows import TicketEventRow, TicketRow
from store.scope import customer_in_view

router = APIRouter()
ROWS = 100


@router.get("/tickets")
def tickets(
    request: Request, state: TicketState | None = None, after: After = None, device: Text | None = None
) -> HTMLResponse:
    """Tickets to settle, soonest need first; or all of one state, newest first."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        if state is None and device is None:
            rows = listings.tickets_by_need(connection, limit=ROWS + 1)
        else:
            states = [state.value] if state else None
            rows = listings.tickets(connection, states=states, device_name=device, after=after, limit=ROWS + 1)
        counts = listings.overview(connection, now=app.clock())
    return show(
        request,
        "tickets.html",
        tickets=rows[:ROWS],
        next=rows[ROWS - 1].ticket_id if len(rows) > ROWS and (state or device) else None,
        more=len(rows) > ROWS,
        state=state,
        device=device,
        counts=counts,
        states=list(TicketState),
    )


@router.get("/tickets/{ticket_id}")
def ticket(request: Request, ticket_id: Id) -> HTMLResponse:
    """Everything that a planner needs to decide on one ticket."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        row = listings.ticket(connection, ticket_id)
        model: DeviceModel | None = app.catalog.get(row.device_model)
        events = listings.ticket_events(connection, ticket_id)
        decided_by = _decided_by(row, events)
        prediction = listings.prediction(connection, decided_by) if decided_by else None
        device = listings.device(connection, row.device)
        now, mode = app.clock(), _mode_of(row, model)
        risk = listings.risk_over_time(
            connection, device_id=device.device_id, since=row.opened_at - timedelta(days=14), until=now
        )
        return show(
            request,
            "ticket.html",
            ticket=row,
            device=device,
            mode=mode,
            prediction=prediction,
            risk=risk_chart(
                [point for point in risk if point.failure_mode == row.failure_mode],
                prediction.alarm_threshold if prediction else None,
                pins=[(row.opened_at, "Ticket opened")],
            ),
            events=events,
            reservations=listings.reservations(connection, ticket_id=ticket_id, limit=ROWS),
            supply=_supply(connection, ticket_id, mode, now),
            moves=MOVES[TicketState(row.state)],
            clocks=standing_of(connection, ticket_id=ticket_id, now=now),
        )


def _supply(connection: Connection, ticket_id: int, mode: FailureMode | None, now: datetime) -> list[PartSupply]:
    """Nothing for a customer's user: what lies on whose shelf is not theirs to know."""
    if customer_in_view() is not None:
        return []
    return supply_of(connection, ticket_id=ticket_id, kit=mode.kit if mode else (), now=now)


def _mode_of(ticket: TicketRow, model: DeviceModel | None) -> FailureMode | None:
    """None for a ticket that is older than the catalog: its failure mode may have left it."""
    modes = model.failure_modes if model else ()
    return next((mode for mode in modes if mode.name == ticket.failure_mode), None)


def _decided_by(ticket: TicketRow, events: Sequence[TicketEventRow]) -> int | None:
    """The prediction that the ticket's decision rests on: it is renewed when a later one hastens the ticket."""
    named = (event.detail.get("prediction_id") for event in reversed(events))
    return next((prediction_id for prediction_id in named if prediction_id), ticket.prediction_id)
