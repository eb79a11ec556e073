"""A device's twin, and what it can be asked: what it reports, what is desired of it, and its commands."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.command_form import commands_for, read_settings
from console.command_pages import TicketId
from console.forms import Form, number
from console.render import show
from console.request import After, Text
from console.twin_view import settings_of
from diagnostics.twin import desire
from diagnostics.twin_documents import changes_between, check_document, patched
from store import commands, listings, twins

router = APIRouter(prefix="/devices")
RECENT, CHANGES = 10, 20


@router.get("/{name}/diagnostics")
def diagnostics(request: Request, name: Text, ticket_id: TicketId = None, after: After = None) -> HTMLResponse:
    """What a device reports, what is desired of it, and what it can be asked. ticket_id: whose record answers join."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        device = listings.device(connection, name)
        twin = twins.get(connection, name)
        changes = twins.history(connection, name, after=after, limit=CHANGES + 1)
        types = commands_for(request.scope["caller"], app.catalog.get(device.device_model))
        return show(
            request,
            "diagnostics.html",
            device=device,
            twin=twin,
            settings=settings_of(twin),
            components=twins.components(connection, device.device_id),
            changes=changes[:CHANGES],
            next=changes[CHANGES - 1].twin_change_id if len(changes) > CHANGES else None,
            commands=commands.listing(connection, device=name, limit=RECENT),
            types=types,
            ticket_id=ticket_id,
        )


@router.post("/{name}/twin")
def change(request: Request, name: Text, form: Form) -> Response:
    """First shows what would change, then changes it when that is confirmed."""
    app = request.app.state.application
    wanted = read_settings(form.get("settings", ""))
    check_document(wanted, "the change")
    version = number(form.get("version", ""), "a version of the twin: begin anew at the device's page", least=0)
    with app.database.transaction() as connection:
        if form.get("confirmed") == "yes":
            desire(
                connection,
                name,
                wanted,
                who=request.scope["who"],
                now=app.clock(),
                expected_version=version,
            )
            return RedirectResponse(f"/devices/{name}/diagnostics", 303)
        device, twin = listings.device(connection, name), twins.get(connection, name)
    return show(
        request,
        "twin_confirm.html",
        device=device,
        twin=twin,
        changes=changes_between(twin.desired, patched(twin.desired, wanted)),
        settings=form["settings"],
    )
