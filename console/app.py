"""The web console as one ASGI application."""

from __future__ import annotations

from importlib.resources import files
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from aftercare.access import COOKIE, Access, openid_of
from aftercare.wiring import Application
from alerts.feed import Feed
from console import (
    alarm_feed,
    alarm_pages,
    audit_pages,
    calendar_pages,
    command_pages,
    device_pages,
    failure_mode_pages,
    figure_pages,
    fleet_command_pages,
    fleet_pages,
    forms,
    guidance_pages,
    live,
    manual_pages,
    model_pages,
    openid_pages,
    pages,
    prediction_pages,
    problem_pages,
    rejected_pages,
    sign_in_pages,
    ticket_forms,
    ticket_pages,
    tour,
    troubleshooting_pages,
    twin_pages,
    user_pages,
    what_if_pages,
)
from console.render import show
from domain.errors import (
    AftercareError,
    ChangedMeanwhileError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    PasswordToChooseError,
    TooManyAttemptsError,
    UnavailableError,
)
from models.errors import ArtifactError
from service_desk.what_if import WhatIf

log = structlog.get_logger()
MODULES = (
    sign_in_pages,
    openid_pages,
    user_pages,
    audit_pages,
    calendar_pages,
    figure_pages,
    pages,
    prediction_pages,
    ticket_pages,
    ticket_forms,
    model_pages,
    failure_mode_pages,
    what_if_pages,
    rejected_pages,
    forms,
    alarm_feed,
    alarm_pages,
    fleet_pages,
    device_pages,
    guidance_pages,
    manual_pages,
    problem_pages,
    twin_pages,
    command_pages,
    fleet_command_pages,
    tour,
    troubleshooting_pages,
    live,
)
"""In this order: the first whose address fits answers."""
STATUS: dict[type[AftercareError], tuple[int, str]] = {  # the first that fits tells
    NotSignedInError: (401, "Sign in"),
    ForbiddenError: (403, "Not for you"),
    TooManyAttemptsError: (429, "Too many attempts"),
    NotFoundError: (404, "Not found"),
    ChangedMeanwhileError: (409, "Somebody was faster"),
    ConflictError: (409, "That cannot be done now"),
    InvalidInputError: (422, "That does not work"),
    ArtifactError: (409, "It cannot score"),
    UnavailableError: (503, "The database is away"),
}

RETRY_AFTER = {429: "900", 503: "5"}


def create_app(application: Application, changes: Feed | None = None) -> FastAPI:
    """The console at /. `changes` is shared with the API when both run in one process."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.application = application
    app.state.openid = openid_of(application.settings)
    app.state.feed = changes or Feed(application.database)
    app.state.encode_row = live.row_encoder(application)
    app.state.what_if = WhatIf()
    for module in MODULES:
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=str(files("console") / "static")), name="static")
    app.add_exception_handler(AftercareError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(Access, application=application, refuse=_ours)
    return app


async def _ours(request: Request, error: Exception) -> Response:
    if isinstance(error, PasswordToChooseError):
        return RedirectResponse("/password", 303)
    if isinstance(error, NotSignedInError) and request.url.path != "/live":
        wanted = str(request.url.replace(scheme="", netloc="")) if request.method == "GET" else "/"
        why = {"ended": "by-time"} if COOKIE in request.cookies else {}
        return RedirectResponse(f"/sign-in?{urlencode({'next': wanted, **why})}", 303)
    status, title = next(
        (answer for kind, answer in STATUS.items() if isinstance(error, kind)), (500, "Something is wrong")
    )
    page = show(request, "error.html", status=status, title=title, detail=str(error))
    if status in RETRY_AFTER:
        page.headers["Retry-After"] = RETRY_AFTER[status]
    return page


async def _http(request: Request, error: Exception) -> HTMLResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    title = "Not found" if status == 404 else "That does not work"
    return show(request, "error.html", status=status, title=title, detail="There is no such page.")


async def _invalid(request: Request, error: Exception) -> HTMLResponse:
    return show(request, "error.html", status=422, title="That does not work", detail="The address is not complete.")


async def _unexpected(request: Request, error: Exception) -> HTMLResponse:
    log.error("page crashed", path=request.url.path, error=type(error).__name__)
    return show(request, "error.html", status=500, title="Something is wrong", detail="The server's log tells what.")
