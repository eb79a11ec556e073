"""Parts with their stock, and reservations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import LARGEST_ID, App, Filter
from api.schemas import Part, Reservation
from domain.ticket import ReservationState
from store import listings

router = APIRouter(tags=["parts"])


@router.get("/parts", operation_id="list_parts")
def list_parts(app: App, request: Request, response: Response, limit: Limit = 50, after: Cursor = None) -> Page[Part]:
    """Parts by number, each with its stock per service centre."""
    key = read_cursor(after, str)
    with app.database.transaction() as connection:
        rows = listings.parts(connection, after=key[0] if key else None, limit=limit + 1)
    return page(rows, limit, lambda row: (row.part_no,), Part, request, response)


@router.get("/reservations", operation_id="list_reservations")
def list_reservations(
    app: App,
    request: Request,
    response: Response,
    state: ReservationState | None = None,
    part_no: Filter = None,
    ticket: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Reservation]:
    """Part reservations, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = listings.reservations(
            connection,
            state=state,
            part_no=part_no,
            ticket_id=ticket,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.reservation_id,), Reservation, request, response)
