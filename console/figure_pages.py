"""The service manager's page: figures of a period, and the tickets behind each."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.render import show
from console.request import After, Text
from domain.errors import InvalidInputError, NotFoundError
from service_desk.figures import figures_of, scope_of
from store import choices, figures, listings
from store.figures import BEHIND_CLOSED, BEHIND_PARTS, BEHIND_SLA, Scope

router = APIRouter()
ROWS = 100
USUAL = timedelta(days=90)
TITLES = {
    "closed": "Closed",
    "avoided": "Failure avoided",
    "foreseen": "Failure foreseen, and it came",
    "judged": "Predicted and judged",
    "right": "Prediction right",
    "no_fault_found": "No fault found",
    "fixed_at_once": "Mended by the first visit",
    "not_fixed": "Not mended by the first visit",
    BEHIND_SLA: "Promise missed",
    BEHIND_PARTS: "Part not on the shelf",
}
assert set(TITLES) == {*BEHIND_CLOSED, BEHIND_SLA, BEHIND_PARTS}


@router.get("/figures")
def figures_page(
    request: Request, since: Text = "", until: Text = "", customer: Text = "", service_centre: Text = ""
) -> HTMLResponse:
    """What predictions were worth in a period, and how the service kept its word."""
    app = request.app.state.application
    scope = _scope(request, since, until, customer, service_centre)
    with app.database.transaction() as connection:
        return show(
            request,
            "figures.html",
            figures=figures_of(connection, app.catalog, scope),
            wanted=_wanted(scope),
            customers=choices.customers(connection),
            centres=choices.service_centres(connection),
        )


@router.get("/figures/tickets")
def tickets_behind(
    request: Request,
    figure: Text = "closed",
    since: Text = "",
    until: Text = "",
    customer: Text = "",
    service_centre: Text = "",
    failure_mode: Text = "",
    after: After = None,
) -> HTMLResponse:
    """The tickets that a figure counts, newest first."""
    if figure not in TITLES:
        raise NotFoundError(f"there is no figure {figure!r}: take the links of the figures' page")
    scope = _scope(request, since, until, customer, service_centre)
    with request.app.state.application.database.transaction() as connection:
        ids = figures.tickets_behind(
            connection, scope, figure, failure_mode=failure_mode or None, after=after, limit=ROWS + 1
        )
        return show(
            request,
            "figure_tickets.html",
            title=TITLES[figure],
            tickets=listings.tickets(connection, ticket_ids=ids[:ROWS], limit=ROWS),
            wanted={**_wanted(scope), "figure": figure, "failure_mode": failure_mode},
            next=ids[ROWS - 1] if len(ids) > ROWS else None,
        )


def _scope(request: Request, since: str, until: str, customer: str, service_centre: str) -> Scope:
    app = request.app.state.application
    now = app.clock()
    last = _day(until) if until else now
    end = last + timedelta(days=1) if until else now
    begin = _day(since or f"{last - USUAL:%Y-%m-%d}")
    return scope_of(
        app.catalog, since=begin, until=end, now=now, customer=customer or None, service_centre=service_centre or None
    )


def _wanted(scope: Scope) -> dict[str, str]:
    """As the address says it; `until` is the last day that counts."""
    last = scope.until - timedelta(microseconds=1)
    return {
        "since": f"{scope.since:%Y-%m-%d}",
        "until": f"{last:%Y-%m-%d}",
        "customer": scope.customer or "",
        "service_centre": scope.service_centre or "",
    }


def _day(text: str) -> datetime:
    try:
        day = datetime.combine(datetime.fromisoformat(text).date(), time(), UTC)
    except ValueError as error:
        raise InvalidInputError(f"{text[:40]!r} is not a day: write 2026-03-01") from error
    if not 1980 <= day.year <= 2200:
        raise InvalidInputError(f"{text[:40]!r} is not a day of any ticket: give a year from 1980 to 2200")
    return day
