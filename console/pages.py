"""The console's pages: read what a page shows, and hand it to its template."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console import parts_pages
from console.drawings import channel_charts, pins_of, risk_chart
from console.render import show
from console.request import After, Id, Text
from domain.device_model import DeviceModel, FailureMode
from domain.ticket import MOVES, TicketState
from service_desk.sla.standing import standing_of
from service_desk.supply import PartSupply, supply_of
from store import listings
from store.database import Connection
from store.listing_rows import TicketEventRow, TicketRow
from store.outbox import latest_feed_seq
from store.scope import customer_in_view

router = APIRouter()
router.include_router(parts_pages.router)
RANGES = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30), "1y": timedelta(days=365)}
RANGE_WORDS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "1y": "year"}
ROWS = 100
OVERVIEW_TICKETS, OVERVIEW_ALARMS = 6, 20


@router.get("/")
def overview(request: Request) -> HTMLResponse:
    """How the fleet stands, what needs doing first and what is coming in."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        feed_seq = latest_feed_seq(connection)  # before the rows: what changes between comes again by the stream
        return show(
            request,
            "overview.html",
            feed_seq=feed_seq,
            most={"ticket": OVERVIEW_TICKETS, "alarm": OVERVIEW_ALARMS},
            counts=listings.overview(connection, now=app.clock()),
            tickets=listings.tickets_by_need(connection, limit=OVERVIEW_TICKETS),
            alarms=listings.alarms(connection, active=True, limit=OVERVIEW_ALARMS),
        )


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


@router.get("/alarms")
def alarms(request: Request, view: str = "active", after: After = None) -> HTMLResponse:
    """Alarms, newest first."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        feed_seq = latest_feed_seq(connection)
        active, deferred = None if view == "all" else True, True if view == "deferred" else None
        rows = listings.alarms(connection, active=active, deferred=deferred, after=after, limit=ROWS + 1)
        counts = listings.overview(connection, now=app.clock())
    return show(
        request,
        "alarms.html",
        feed_seq=feed_seq,
        most={"alarm": ROWS},
        alarms=rows[:ROWS],
        next=rows[ROWS - 1].alarm_id if len(rows) > ROWS else None,
        first_page=after is None,
        view=view if view in ("all", "deferred") else "active",
        counts=counts,
    )


@router.get("/devices")
def devices(
    request: Request,
    text: Text | None = None,
    device_model: Text | None = None,
    customer: Text | None = None,
    site: Text | None = None,
    after: Text | None = None,
) -> HTMLResponse:
    """Devices by name."""
    app = request.app.state.application
    wanted = {"text": text or None, "device_model": device_model or None, "customer": customer, "site": site}
    with app.database.transaction() as connection:
        rows = listings.devices(connection, **wanted, after=after, limit=ROWS + 1)
    return show(
        request,
        "devices.html",
        devices=rows[:ROWS],
        next=rows[ROWS - 1].name if len(rows) > ROWS else None,
        wanted={key: value for key, value in wanted.items() if value},
        models=sorted(app.catalog.values(), key=lambda model: model.title),
    )


@router.get("/devices/{name}")
def device(request: Request, name: Text, span: str = "7d") -> HTMLResponse:
    """One device: risk, channels, events, alarms and tickets."""
    app = request.app.state.application
    length = RANGES.get(span, RANGES["7d"])
    with app.database.transaction() as connection:
        row = listings.device(connection, name)
        until = (row.last_seen_at or app.clock()) + timedelta(microseconds=1)
        events = listings.device_events(connection, device_id=row.device_id, limit=25)
        model = app.catalog.get(row.device_model)
        modes = [(model.name, mode.name) for mode in model.failure_modes] if model else []
        predictions = listings.latest_predictions(connection, modes=modes, device_name=name)
        risk = listings.risk_over_time(connection, device_id=row.device_id, since=until - length, until=until)
        return show(
            request,
            "device.html",
            device=row,
            model=model,
            span=span,
            ranges=RANGE_WORDS,
            events=events,
            channels=channel_charts(connection, row, model, until - length, until, events) if model else [],
            predictions=[
                (
                    prediction,
                    model.failure_mode(prediction.failure_mode),
                    risk_chart(
                        [point for point in risk if point.failure_mode == prediction.failure_mode],
                        prediction.alarm_threshold,
                        window=(until - length, until),
                        pins=pins_of(events),
                    ),
                )
                for prediction in sorted(predictions, key=lambda prediction: -prediction.risk)
            ],
            alarms=listings.alarms(connection, device_name=name, limit=10),
            tickets=listings.tickets(connection, device_name=name, limit=10),
        )
