"""Looking something up in the catalog's guidance."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.render import show
from console.request import Text
from store.guidance import KINDS, OPEN_TO_CUSTOMERS, search
from store.scope import customer_in_view

router = APIRouter()


@router.get("/guidance")
def guidance(request: Request, q: Text = "") -> HTMLResponse:
    """What the guidance tells of some words; a customer's user is told what they can look at, and no repair."""
    app = request.app.state.application
    kinds = KINDS if customer_in_view() is None else OPEN_TO_CUSTOMERS
    with app.database.transaction() as connection:
        found = search(connection, list(app.catalog.values()), q, kinds=kinds) if q.strip() else []
    return show(request, "guidance_search.html", q=q, found=found, models=app.catalog)
