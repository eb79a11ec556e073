"""One alarm: what became of it, and what people do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from alerts import lifecycle
from console.forms import Form
from console.render import show
from console.request import Id
from domain.errors import NotFoundError
from store import audit, listings
from store.database import Connection

router = APIRouter()
CHANGES = 200


@router.get("/alarms/{alarm_id}")
def alarm(request: Request, alarm_id: Id) -> HTMLResponse:
    """One alarm with its history, and the devices that a site's alarm stands for."""
    with request.app.state.application.database.transaction() as connection:
        return show(
            request,
            "alarm.html",
            alarm=listings.alarm(connection, alarm_id),
            members=listings.alarm_members(connection, alarm_id),
            history=audit.history(connection, object_kind="alarm", object_id=alarm_id, limit=CHANGES),
        )


@router.post("/alarms/{alarm_id}/{act}")
def change_alarm(request: Request, alarm_id: Id, act: str, form: Form) -> RedirectResponse:
    """Unshelve, assign or comment. `forms` has what a row of a table offers too."""
    app = request.app.state.application
    step: dict[str, Any] = {"alarm_id": alarm_id, "who": request.scope["who"], "now": app.clock()}
    assigned_to = form.get("assigned_to", "").strip()[:100] or None
    acts: Mapping[str, Callable[[Connection], object]] = {
        "unshelve": lambda connection: lifecycle.unshelve(connection, **step),
        "assign": lambda connection: lifecycle.assign(connection, assigned_to=assigned_to, **step),
        "comment": lambda connection: lifecycle.comment(connection, comment=form.get("comment", "")[:4000], **step),
    }
    if act not in acts:
        raise NotFoundError(f"nothing is called {act!r} that could be done with an alarm: use the buttons of its page")
    with app.database.transaction() as connection:
        acts[act](connection)
    return RedirectResponse(f"/alarms/{alarm_id}", 303)
