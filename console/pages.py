"""The first page: how everything stands, and what needs doing first."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console import parts_pages
from console.render import show
from store import listings
from store.outbox import latest_feed_seq

router = APIRouter()
router.include_router(parts_pages.router)
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
            where={},
            alarms=listings.alarms(connection, active=True, shelved=False, limit=OVERVIEW_ALARMS),
        )
