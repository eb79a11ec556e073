"""Tickets: what is to settle, and what a planner needs to decide on one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from aftercare.wiring import Catalog
from console.drawings import risk_chart
from console.render import show
from console.request import After, Blank, Id, Text
from console.ticket_view import decided_by, gate_told, ticket_view
from console.troubleshooting_pages import waiting_for
from domain.device_model import FailureMode
from domain.ticket import TicketState
from service_desk.lineage import lineage_of
from store import listings, returns, troubleshooting
from store.scope import customer_in_view

router = APIRouter()
ROWS = 100
LOOKED_INTO = 10
LOOKS_BACK = timedelta(days=14)


@router.get("/tickets")
def tickets(
    request: Request,
    state: Annotated[TicketState | None, Blank] = None,
    after: After = None,
    device: Text | None = None,
) -> HTMLResponse:
    """Tickets to settle, soonest need first; or all of one state, newest first."""
    app = request.app.state.application
    wanted = {name: value for name, value in (("state", state), ("device", device)) if value}
    with app.database.transaction() as connection:
        if not wanted:
            rows = listings.tickets_by_need(connection, limit=ROWS + 1)
        else:
            states = [state.value] if state else None
            rows = listings.tickets(connection, states=states, device_name=device or None, after=after, limit=ROWS + 1)
        counts = listings.overview(connection, now=app.clock())
    return show(
        request,
        "tickets.html",
        tickets=rows[:ROWS],
        next=rows[ROWS - 1].ticket_id if len(rows) > ROWS and wanted else None,
        wanted=wanted,
        more=len(rows) > ROWS,
        state=state,
        device=device,
        counts=counts,
        states=list(TicketState),
    )


@router.get("/tickets/{ticket_id}")
def ticket(request: Request, ticket_id: Id) -> HTMLResponse:
    """What is done about one predicted failure, by whom and when, and where it comes from."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        row = listings.ticket(connection, ticket_id)
        events = listings.ticket_events(connection, ticket_id)
        shown = decided_by(row, events)
        prediction = listings.prediction(connection, shown) if shown else None
        device = listings.device(connection, row.device)
        since = row.opened_at - LOOKS_BACK
        looked_into = troubleshooting.listing(connection, ticket_id=ticket_id, limit=LOOKED_INTO)
        risk = listings.risk_over_time(connection, device_id=device.device_id, since=since, until=app.clock())
        return show(
            request,
            "ticket.html",
            **ticket_view(connection, app, row),
            device=device,
            prediction=prediction,
            risk=risk_chart(
                [point for point in risk if point.failure_mode == row.failure_mode],
                prediction.alarm_threshold if prediction else None,
                pins=[(row.opened_at, "Ticket opened")],
            ),
            events=events,
            looked_into=looked_into,
            asks=waiting_for(request, looked_into),
            trees=trees_of(app.catalog, row.device_model, row.failure_mode) if row.closed_at is None else [],
            gate=gate_told(events),
            returns=returns.listing(connection, ticket_id=ticket_id)[::-1] if customer_in_view() is None else [],
        )


@router.get("/tickets/{ticket_id}/lineage")
def lineage(request: Request, ticket_id: Id) -> HTMLResponse:
    """From a ticket back to the raw readings; a page of its own, since counting these may take a while."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        links = lineage_of(connection, app.catalog, ticket_id)
    model = app.catalog.get(links["ticket"]["device_model"])
    return show(
        request,
        "lineage.html",
        links=links,
        channels={channel.name: channel for channel in model.channels} if model else {},
    )


def trees_of(catalog: Catalog, device_model: str, failure_mode: str) -> list[FailureMode]:
    """The failure mode, when it can be looked into from afar."""
    model = catalog.get(device_model)
    modes = model.failure_modes if model else ()
    return [mode for mode in modes if mode.name == failure_mode and mode.troubleshooting]
