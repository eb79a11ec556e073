"""The fleet: sites by health, one site with its devices, and devices by name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from console.render import show
from console.request import Text
from domain.errors import NotFoundError
from store import fleet as health
from store import listings
from store.outbox import latest_feed_seq

router = APIRouter()
ROWS = 100
TILES = 60
CELLS = 200
RECENT = 20
PageNumber = Annotated[int, Query(ge=0, le=10_000)]


@router.get("/fleet")
def fleet(
    request: Request, customer: Text | None = None, device_model: Text | None = None, page: PageNumber = 0
) -> HTMLResponse:
    """Every site as a tile, the worst first."""
    app = request.app.state.application
    wanted = {"customer": customer or None, "device_model": device_model or None}
    with app.database.transaction() as connection:
        sites = health.sites_by_health(connection, **wanted, page=page, limit=TILES)
        models = health.device_models(connection)
    return show(
        request,
        "fleet.html",
        sites=sites[:TILES],
        models=models,
        wanted={key: value for key, value in wanted.items() if value},
        page_number=page,
        more=len(sites) > TILES,
    )


@router.get("/site")
def site(request: Request, customer: Text = "", site: Text = "", page: PageNumber = 0) -> HTMLResponse:
    """One site: its devices, its alarms, and what is to be done there."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        feed_seq = latest_feed_seq(connection)
        devices = health.devices_of_site(connection, customer=customer, site=site, page=page, limit=CELLS)
        if not devices and not page:
            raise NotFoundError(f"customer {customer!r} has no site {site!r} with devices: look for it in the fleet")
        return show(
            request,
            "site.html",
            customer=customer,
            site=site,
            feed_seq=feed_seq,
            devices=devices[:CELLS],
            more=len(devices) > CELLS,
            page_number=page,
            group_alarms=listings.alarms(
                connection, active=True, of_site=True, customer=customer, site=site, limit=ROWS
            ),
            alarms=listings.alarms(connection, active=True, shelved=False, customer=customer, site=site, limit=RECENT),
            most={"alarm": RECENT},
            where={"customer": customer, "site": site},
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
    wanted = {"text": text, "device_model": device_model, "customer": customer, "site": site}
    wanted = {key: value or None for key, value in wanted.items()}
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
