"""What planners do with a ticket: each form calls the use case that the API calls, and shows the page again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

from console.forms import Form, back_to
from console.request import Id
from domain.errors import InvalidInputError, NotFoundError
from domain.ticket import ClosureCode
from service_desk import booking, tickets
from store.database import Connection
from store.retry import in_transaction

router = APIRouter()


@router.post("/tickets/{ticket_id}/{move}")
def move_ticket(request: Request, ticket_id: Id, move: str, form: Form) -> RedirectResponse:
    """Accept, plan, start, resolve, close or cancel."""
    app = request.app.state.application
    step: dict[str, Any] = {
        "ticket_id": ticket_id,
        "who": request.scope["who"],
        "now": app.clock(),
        "version": _version(form),
    }
    moves: Mapping[str, Callable[[Connection], object]] = {
        "accept": lambda connection: tickets.accept(connection, app.catalog, **step),
        "plan": lambda connection: tickets.plan(connection, planned_for=_planned_for(form), **step),
        "book": lambda connection: booking.book(connection, app.catalog, **step),
        "start": lambda connection: tickets.start(connection, **step),
        "resolve": lambda connection: tickets.resolve(connection, **step),
        "close": lambda connection: tickets.close(connection, app.catalog, closure_code=_closure(form), **step),
        "cancel": lambda connection: tickets.cancel(connection, reason=form.get("reason", ""), **step),
    }
    if move not in moves:
        raise NotFoundError(f"a ticket has no move {move!r}: use the buttons of its page")
    in_transaction(app.database, moves[move])
    return back_to(form, f"/tickets/{ticket_id}")


def _planned_for(form: Mapping[str, str]) -> datetime:
    text = form.get("planned_for", "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(f"{text!r} is not a date and time: choose the day of the visit (UTC)") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _closure(form: Mapping[str, str]) -> ClosureCode:
    try:
        return ClosureCode(form.get("closure_code", ""))
    except ValueError as error:
        raise InvalidInputError("choose what the technician found") from error


def _version(form: Mapping[str, str]) -> int | None:
    text = form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
