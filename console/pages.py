"""The console's pages: read what a page shows, and hand it to its template."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console import parts_pages
from console.drawings import channel_charts, pins_of, risk_chart
from console.render import show
from console.request import After, Text
from store import listings
from store.outbox import latest_feed_seq

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
