"""Reporting a problem of a device, and the readings that were kept with a report."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from aftercare.problem_reporting import report_problem
from console.forms import Form
from console.render import show
from console.request import Id, Text
from store import listings, problem_reports

router = APIRouter()


@router.get("/devices/{name}/problem")
def problem(request: Request, name: Text) -> HTMLResponse:
    """The form. Its token makes a second click the same report."""
    with request.app.state.application.database.transaction() as connection:
        device = listings.device(connection, name)
        tickets = listings.tickets(connection, device_name=name, limit=5)
    return show(request, "problem.html", device=device, tickets=tickets, token=secrets.token_urlsafe())


@router.post("/problem-reports")
def take_report(request: Request, form: Form) -> RedirectResponse:
    """Open a ticket for it, and show that."""
    ticket_id = report_problem(
        request.app.state.application,
        request.scope["caller"],
        device=form.get("device", ""),
        problem=form.get("problem", ""),
        token=form.get("token", ""),
    )
    return RedirectResponse(f"/tickets/{ticket_id}", 303)


@router.get("/problem-reports/{report_id}/readings")
def kept_readings(request: Request, report_id: Id) -> Response:
    """What the device measured on the day before, as CSV in gzip."""
    with request.app.state.application.database.transaction() as connection:
        name, content = problem_reports.readings(connection, report_id=report_id)
    file = f"{name.replace(':', '_')}-report-{report_id}.csv.gz"
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    return Response(content, media_type="application/gzip", headers=headers)
