"""The pages of parts and returns: what lies where, what should be sent or bought, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from console.forms import Form, back_to, number
from console.render import show
from console.request import LARGEST_ID, After, Id, Text
from domain.errors import InvalidInputError, NotFoundError
from domain.part_return import Finding
from service_desk import reorder, returns, shelves, transfers
from store import listings
from store import returns as store_returns
from store import transfers as store_transfers
from store.database import Connection
from store.retry import in_transaction

router = APIRouter()
ROWS = 100
Moves = Mapping[str, Callable[[Connection], object]]


@router.get("/parts")
def parts(request: Request, after: Text | None = None) -> HTMLResponse:
    """Stock per service centre, what is set aside or waited for, and what should be sent."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        rows = listings.parts(connection, after=after, limit=ROWS + 1)
        return show(
            request,
            "parts.html",
            parts=rows[:ROWS],
            next=rows[ROWS - 1].part_no if len(rows) > ROWS else None,
            waiting=listings.reservations(connection, state="backordered", limit=ROWS),
            reserved=listings.reservations(connection, state="reserved", limit=ROWS),
            transfers=store_transfers.listing(connection, states=["suggested", "in_transit"], limit=ROWS),
        )


@router.get("/parts/reorder")
def reorder_list(request: Request) -> HTMLResponse:
    """What to buy, and why."""
    with request.app.state.application.database.transaction() as connection:
        return show(request, "reorder.html", forecast=reorder.forecast(connection))


@router.post("/parts/{move}")
def book(request: Request, move: str, form: Form) -> RedirectResponse:
    """Note that parts were bought, below zero called off; that they arrived; or how many were counted."""
    quantity = number(form.get("quantity", ""), "a number of parts", least=-LARGEST_ID)
    told = form.get("reference", "")
    booking: dict[str, Any] = {key: form.get(key, "") for key in ("service_centre", "part_no")} | _by(request)
    moves: Moves = {
        "order": lambda connection: shelves.order(connection, quantity=quantity, reference=told, **booking),
        "receive": lambda connection: shelves.receive(connection, quantity=quantity, reference=told, **booking),
        "count": lambda connection: shelves.adjust(connection, counted=quantity, reason=told, **booking),
    }
    _make(request, moves, move, "part")
    return back_to(form, "/parts")


@router.post("/transfers/{transfer_id}/{move}")
def move_transfer(request: Request, transfer_id: Id, move: str, form: Form) -> RedirectResponse:
    """Ship, book in or call off."""
    step: dict[str, Any] = {"transfer_id": transfer_id, **_by(request)}
    moves: Moves = {
        "ship": lambda connection: transfers.ship(connection, **step),
        "arrive": lambda connection: transfers.arrive(connection, **step),
        "cancel": lambda connection: transfers.cancel(connection, reason=form.get("reason", ""), **step),
    }
    _make(request, moves, move, "transfer")
    return RedirectResponse("/parts", 303)


@router.get("/returns")
def list_returns(request: Request, after: After = None) -> HTMLResponse:
    """What comes back from visits, and what was found of it."""
    with request.app.state.application.database.transaction() as connection:
        rows = store_returns.listing(connection, after=after, limit=ROWS + 1)
        return show(
            request,
            "returns.html",
            returns=rows[:ROWS],
            next=rows[ROWS - 1].return_id if len(rows) > ROWS else None,
            findings=store_returns.findings_by_mode(connection),
            choices=list(Finding),
        )


@router.post("/returns/{return_id}/{move}")
def move_return(request: Request, return_id: Id, move: str, form: Form) -> RedirectResponse:
    """Receive or inspect."""
    step: dict[str, Any] = {"return_id": return_id, **_by(request)}
    found: dict[str, Any] = {"note": form.get("note", "")[:500], "restock": "restock" in form}
    catalog = request.app.state.application.catalog
    moves: Moves = {
        "receive": lambda connection: returns.receive(connection, **step),
        "inspect": lambda connection: returns.inspect(connection, catalog, findings=_finding(form), **found, **step),
    }
    _make(request, moves, move, "return")
    return RedirectResponse("/returns", 303)


def _make(request: Request, moves: Moves, move: str, what: str) -> None:
    if move not in moves:
        raise NotFoundError(f"a {what} has no move {move!r}: use the buttons of its page")
    in_transaction(request.app.state.application.database, moves[move])


def _by(request: Request) -> dict[str, Any]:
    return {"who": request.scope["who"], "now": request.app.state.application.clock()}


def _finding(form: Mapping[str, str]) -> Finding:
    try:
        return Finding(form.get("findings", ""))
    except ValueError as error:
        raise InvalidInputError("choose what was found") from error
