"""Remote commands: what devices were asked to do, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse

from console.command_form import read_arguments
from console.forms import Form, number
from console.render import show
from console.request import LARGEST_ID, After, Blank, Id, Text
from diagnostics import commands as desk
from diagnostics.commands import Wish
from domain.command import CommandState
from domain.errors import NotFoundError
from store import command_files, commands, devices, fleet_commands
from store.database import Connection
from store.scope import customer_in_view, seen_by

router = APIRouter()
ROWS = 100
FLEETS = 10
TicketId = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]


@router.get("/commands")
def command_list(
    request: Request,
    device: Text | None = None,
    state: Annotated[CommandState | None, Blank] = None,
    ticket_id: TicketId = None,
    after: After = None,
) -> HTMLResponse:
    """Commands, newest first, and the latest requests for many devices."""
    wanted: dict[str, Any] = {"device": device or None, "state": state, "ticket_id": ticket_id}
    with request.app.state.application.database.transaction() as connection:
        rows = commands.listing(connection, **wanted, after=after, limit=ROWS + 1)
        first = not after and not any(wanted.values()) and customer_in_view() is None
        fleets = fleet_commands.latest(connection, limit=FLEETS) if first else []
    return show(
        request,
        "commands.html",
        commands=rows[:ROWS],
        next=rows[ROWS - 1].command_id if len(rows) > ROWS else None,
        fleets=fleets,
        wanted={name: value for name, value in wanted.items() if value},
        states=list(CommandState),
    )


@router.post("/commands")
def send(request: Request, form: Form) -> RedirectResponse:
    """Ask one device to do something."""
    app, caller = request.app.state.application, request.scope["caller"]
    device, name = form.get("device", ""), form.get("command", "")
    with app.database.transaction() as connection:
        model = app.catalog.get(devices.get(connection, device).device.device_model)
    if model is None:
        raise NotFoundError(f"the device model of {device} is not in the catalog of this server")
    with seen_by(None), app.database.transaction() as connection:  # `request` looks whose device it is
        wish = Wish(
            name,
            read_arguments(model.command(name), form),
            confirmed=form.get("confirmed") == "yes",
            ticket_id=_ticket(form.get("ticket_id", "")),
        )
        command = desk.request(
            connection,
            app.catalog,
            device,
            wish,
            who=request.scope["who"],
            role=caller.role,
            now=app.clock(),
            customer=caller.customer,
        )
    return RedirectResponse(f"/commands/{command.command_id}", 303)


@router.get("/commands/{command_id}")
def command(request: Request, command_id: Id) -> HTMLResponse:
    """One command: how far it is, what the device told, its result and files."""
    with request.app.state.application.database.transaction() as connection:
        return show(request, "command.html", **_told(connection, command_id))


@router.get("/commands/{command_id}/progress")
def progress(request: Request, command_id: Id) -> HTMLResponse:
    """What of the command's page changes, for a page that is open already."""
    with request.app.state.application.database.transaction() as connection:
        return show(request, "command_progress.html", **_told(connection, command_id))


@router.post("/commands/{command_id}/cancel")
def cancel(request: Request, command_id: Id) -> RedirectResponse:
    """Call it back."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        desk.cancel(connection, command_id, who=request.scope["who"], now=app.clock())
    return RedirectResponse(f"/commands/{command_id}", 303)


def _told(connection: Connection, command_id: int) -> dict[str, Any]:
    return {
        "command": commands.get(connection, command_id),
        "steps": commands.steps(connection, command_id),
        "files": command_files.files(connection, command_id=command_id),
    }


def _ticket(text: str) -> int | None:
    return number(text, "the number of a ticket") if text else None
