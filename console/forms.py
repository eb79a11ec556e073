"""What planners and operators change: each form calls the use case that the API calls, and shows the page again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse

from alerts import lifecycle
from console.request import Id
from domain.errors import InvalidInputError, NotFoundError
from domain.ticket import ClosureCode
from service_desk import booking, tickets
from store.database import Connection
from store.retry import in_transaction

router = APIRouter()
LARGEST_FORM = 20_000


async def _form(request: Request) -> Mapping[str, str]:
    body = await request.body()
    if len(body) > LARGEST_FORM:
        raise InvalidInputError("the form is too large: shorten its text")
    return dict(parse_qsl(body.decode("utf-8", "replace").replace("\x00", "")))


Form = Annotated[Mapping[str, str], Depends(_form)]


@router.post("/alarms/{alarm_id}/acknowledge")
def acknowledge(request: Request, alarm_id: Id, form: Form) -> RedirectResponse:
    """Note that someone has seen it."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        lifecycle.acknowledge(connection, alarm_id=alarm_id, who=request.scope["who"], now=app.clock())
    return _back(form, "/alarms")


@router.post("/alarms/{alarm_id}/shelve")
def shelve(request: Request, alarm_id: Id, form: Form) -> RedirectResponse:
    """Out of sight for some hours."""
    app = request.app.state.application
    now = app.clock()
    until = now + timedelta(hours=_hours(form))
    with app.database.transaction() as connection:
        lifecycle.shelve(connection, alarm_id=alarm_id, until=until, who=request.scope["who"], now=now)
    return _back(form, "/alarms")


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
    return _back(form, f"/tickets/{ticket_id}")


def _back(form: Mapping[str, str], otherwise: str) -> RedirectResponse:
    return RedirectResponse(inside(form.get("back", ""), otherwise), 303)


def inside(target: str, otherwise: str) -> str:
    """The address when it is one of this console's own, else the other: nobody is sent elsewhere by a link."""
    own = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if own else otherwise


def _hours(form: Mapping[str, str]) -> int:
    text = form.get("hours", "")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 24 * 90:
        raise InvalidInputError(f"{text!r} is not a number of hours from 1 to 2160")
    return int(text)


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
