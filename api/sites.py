"""Sites: how each stands, by the worst of its devices."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter
from api.schemas import Site
from store import listings

router = APIRouter(prefix="/sites", tags=["sites"])


@router.get("", operation_id="list_sites")
def list_sites(
    app: App, request: Request, response: Response, customer: Filter = None, limit: Limit = 50, after: Cursor = None
) -> Page[Site]:
    """Sites by customer and name."""
    key = read_cursor(after, str, str)
    with app.database.transaction() as connection:
        rows = listings.sites(connection, customer=customer, after=(key[0], key[1]) if key else None, limit=limit + 1)
    return page(rows, limit, lambda row: (row.customer, row.site), Site, request, response)
