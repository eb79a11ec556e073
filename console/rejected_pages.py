"""The pages of rejected messages: what could not be stored, and why."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.render import show
from console.request import After, Id, Text
from domain.payload_text import on_one_line, readable
from store import rejected_listing
from store.rejected_listing import OTHER_NAMES

router = APIRouter()
ROWS = 100


@router.get("/rejected")
def rejected(
    request: Request, device: Text | None = None, reason: Text | None = None, after: After = None
) -> HTMLResponse:
    """What waits for a replay, the last rejected first."""
    wanted = {"device": device or None, "reason": reason or None}
    with request.app.state.application.database.transaction() as connection:
        rows = rejected_listing.waiting(connection, **wanted, after=after, limit=ROWS + 1)
    return show(
        request,
        "rejected.html",
        messages=[(row, on_one_line(readable(row.payload, cut=row.is_cut))) for row in rows[:ROWS]],
        next=rows[ROWS - 1].rejected_id if len(rows) > ROWS else None,
        wanted={key: value for key, value in wanted.items() if value},
        other_names=OTHER_NAMES,
    )


@router.get("/rejected/{rejected_id}")
def rejected_message(request: Request, rejected_id: Id) -> HTMLResponse:
    """One message with its whole payload."""
    with request.app.state.application.database.transaction() as connection:
        row = rejected_listing.message(connection, rejected_id)
    return show(request, "rejected_message.html", message=row, payload=readable(row.payload), other_names=OTHER_NAMES)
