"""Commands to many devices: whom they are for, how far they have come, and what became of each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from console.command_form import read_arguments
from console.forms import Form
from console.render import show
from console.request import After, Id, Text
from diagnostics import commands as desk
from diagnostics.commands import MOST_DEVICES, Wish
from domain.command import CommandState
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError, NotFoundError
from store import commands, fleet_commands

router = APIRouter(prefix="/fleet-commands")
ROWS = 100
NAMED = 20


@router.get("")
def choose(request: Request, device_model: Text = "", customer: Text = "", site: Text = "") -> HTMLResponse:
    """Which devices, and what they should do. A command belongs to a device model, so that comes first."""
    app = request.app.state.application
    wanted = {"device_model": device_model, "customer": customer, "site": site}
    found: list[str] = []
    if device_model:
        with app.database.transaction() as connection:
            found = fleet_commands.devices(connection, **_given(wanted), limit=MOST_DEVICES + 1)
    return show(
        request,
        "fleet_command_new.html",
        wanted=wanted,
        models=sorted(app.catalog.values(), key=lambda model: model.title),
        model=_model(request, device_model) if device_model else None,
        found=len(found),
        most=MOST_DEVICES,
        named=found[:NAMED],
    )


@router.post("")
def send(request: Request, form: Form) -> RedirectResponse:
    """Ask all of them that may be asked."""
    app = request.app.state.application
    name = form.get("command", "")
    wanted = {key: form.get(key, "") for key in ("device_model", "customer", "site")}
    arguments = read_arguments(_model(request, wanted["device_model"]).command(name), form)
    with app.database.transaction() as connection:
        names = desk.devices_where(connection, _given(wanted))
        if form.get("devices") != str(len(names)):
            raise InvalidInputError(
                f"{len(names)} devices are so now, and you were shown {form.get('devices', '')[:10]}: look again"
            )
        fleet = desk.request_fleet(
            connection,
            app.catalog,
            names,
            Wish(name, arguments, confirmed=form.get("confirmed") == "yes"),
            who=request.scope["who"],
            role=request.scope["caller"].role,
            now=app.clock(),
        )
    return RedirectResponse(f"/fleet-commands/{fleet.fleet_id}", 303)


@router.get("/{fleet_id}")
def fleet_command(
    request: Request, fleet_id: Id, state: CommandState | None = None, after: After = None
) -> HTMLResponse:
    """How far a request for many devices has come, and what became of each."""
    with request.app.state.application.database.transaction() as connection:
        fleet = fleet_commands.get(connection, fleet_id)
        rows = commands.listing(connection, fleet_id=fleet_id, state=state, after=after, limit=ROWS + 1)
    return show(
        request,
        "fleet_command.html",
        fleet=fleet,
        commands=rows[:ROWS],
        next=rows[ROWS - 1].command_id if len(rows) > ROWS else None,
        state=state,
    )


@router.get("/{fleet_id}/progress")
def progress(request: Request, fleet_id: Id) -> HTMLResponse:
    """How far it has come, for a page that is open already."""
    with request.app.state.application.database.transaction() as connection:
        return show(request, "fleet_command_progress.html", fleet=fleet_commands.get(connection, fleet_id))


def _given(wanted: dict[str, str]) -> dict[str, Any]:
    return {name: value or None for name, value in wanted.items()}


def _model(request: Request, name: str) -> DeviceModel:
    model: DeviceModel | None = request.app.state.application.catalog.get(name)
    if model is None:
        raise NotFoundError(f"device model {name!r} is not in the catalog of this server: choose one of the list")
    return model
