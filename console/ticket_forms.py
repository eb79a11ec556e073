"""What planners do with a ticket: each form calls the use case that the API calls, and shows the page again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

from aftercare.wiring import Catalog
from console.forms import Form, back_to, number
from console.request import Id
from domain.clock import read_instant
from domain.entitlement import PauseReason
from domain.errors import InvalidInputError, NotFoundError
from domain.ticket import ClosureCode
from service_desk import booking, follow_up, tickets
from service_desk.sla import clocks
from store.database import Connection
from store.retry import in_transaction

router = APIRouter()


@router.post("/tickets/{ticket_id}/{move}")
def move_ticket(request: Request, ticket_id: Id, move: str, form: Form) -> RedirectResponse:
    """Accept, fix the date, start, pause, resume, resolve, close, cancel, or note what the customer says."""
    app = request.app.state.application
    step: dict[str, Any] = {
        "ticket_id": ticket_id,
        "who": request.scope["who"],
        "now": app.clock(),
        "version": _version(form),
    }
    unversioned = {name: step[name] for name in ("ticket_id", "who", "now")}
    moves: Mapping[str, Callable[[Connection], object]] = {
        "accept": lambda connection: tickets.accept(connection, app.catalog, **step),
        "plan": lambda connection: tickets.plan(connection, planned_for=_planned_for(form), **step),
        "book": lambda connection: booking.book(connection, app.catalog, **step),
        "schedule": lambda connection: _schedule(connection, app.catalog, form, **step),
        "pause": lambda connection: clocks.pause(connection, reason=_pause_reason(form), **unversioned),
        "resume": lambda connection: clocks.resume(connection, **unversioned),
        "feedback": lambda connection: follow_up.give_feedback(connection, **_feedback(form), **unversioned),
        "start": lambda connection: tickets.start(connection, **step),
        "resolve": lambda connection: tickets.resolve(connection, **step),
        "close": lambda connection: tickets.close(connection, app.catalog, closure_code=_closure(form), **step),
        "cancel": lambda connection: tickets.cancel(connection, reason=form.get("reason", ""), **step),
    }
    if move not in moves:
        raise NotFoundError(f"a ticket has no move {move!r}: use the buttons of its page")
    in_transaction(app.database, moves[move])
    return back_to(form, f"/tickets/{ticket_id}")


def _schedule(
    connection: Connection,
    catalog: Catalog,
    form: Mapping[str, str],
    *,
    ticket_id: int,
    who: str,
    now: datetime,
    version: int | None,
) -> None:
    """Accept the suggestion and fix the chosen date in one step; a date that has gone meanwhile leaves both undone."""
    kind, _, chosen = form.get("slot", "").partition("|")
    step: dict[str, Any] = {"ticket_id": ticket_id, "who": who, "now": now, "version": version}
    if form.get("accept"):
        step["version"] = tickets.accept(connection, catalog, **step).version
    if kind == "hand":
        tickets.plan(connection, planned_for=_planned_for(form), **step)
    elif kind == "best":
        booking.book(connection, catalog, **step)
    elif kind == "visit":
        booking.book(
            connection, catalog, visit_id=number(chosen, "the number of a visit: choose one of the page"), **step
        )
    elif kind == "slot":
        starts_at, _, technician = chosen.partition("|")
        booking.book(connection, catalog, technician=technician, starts_at=_instant(starts_at), **step)
    elif kind or not form.get("accept"):
        raise InvalidInputError("choose a date for the visit")


def _planned_for(form: Mapping[str, str]) -> datetime:
    return _instant(form.get("planned_for", ""))


def _instant(text: str) -> datetime:
    try:
        moment = read_instant(text)
    except ValueError as error:
        raise InvalidInputError(f"{text!r} is not a date and time: choose the day of the visit (UTC)") from error
    if not 1980 <= moment.year <= 2200:
        raise InvalidInputError(f"{text!r} is not a day of any visit: give a year from 1980 to 2200")
    return moment


def _pause_reason(form: Mapping[str, str]) -> PauseReason:
    try:
        return PauseReason(form.get("reason", ""))
    except ValueError as error:
        raise InvalidInputError("choose what the ticket waits for") from error


def _feedback(form: Mapping[str, str]) -> dict[str, Any]:
    satisfaction = form.get("satisfaction", "")
    if satisfaction not in ("1", "2", "3", "4", "5"):
        raise InvalidInputError("choose how satisfied the customer is, from 1 to 5")
    return {"satisfaction": int(satisfaction), "comment": form.get("comment", "")[:4000]}


def _closure(form: Mapping[str, str]) -> ClosureCode:
    try:
        return ClosureCode(form.get("closure_code", ""))
    except ValueError as error:
        raise InvalidInputError("choose what the technician found") from error


def _version(form: Mapping[str, str]) -> int | None:
    text = form.get("version", "")
    return number(text, "a version of the ticket: look at its page again", most=2**31 - 1) if text else None
