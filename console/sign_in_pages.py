"""Signing in and out, and choosing a password."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from access import signing_in
from access.signing_in import WINDOW
from aftercare.access import COOKIE, address_of, keep_signed_in, lasting
from console.forms import Form, inside
from console.render import show
from domain.account import SHORTEST_PASSWORD
from domain.clock import system_clock
from domain.errors import InvalidInputError, NotSignedInError, TooManyAttemptsError
from store.scope import seen_by

router = APIRouter()
WAIT = str(int(WINDOW.total_seconds()))


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/", ended: str = "") -> HTMLResponse:  # noqa: A002 - the name that the address shows
    """The form. `ended` tells what became of the session before."""
    return sign_in_form(request, target=inside(next, "/"), ended=ended)


def sign_in_form(
    request: Request, *, target: str = "/", name: str = "", problem: str = "", ended: str = "", status: int = 200
) -> HTMLResponse:
    """The page with both ways in, and what went wrong."""
    openid = request.app.state.openid
    page = show(
        request,
        "sign_in.html",
        status=status,
        next=target,
        name=name,
        problem=problem,
        ended=ended,
        provider=openid.provider.host if openid else None,
    )
    if status == 429:
        page.headers["Retry-After"] = WAIT
    return page


@router.post("/sign-in")
def sign_in(request: Request, form: Form) -> Response:
    """Begin a session, and go where they wanted to go."""
    app = request.app.state.application
    target, name = inside(form.get("next", ""), "/"), form.get("name", "")
    try:
        token = signing_in.sign_in(
            app.database,
            name=name,
            password=form.get("password", ""),
            address=address_of(request),
            now=system_clock(),
            lasting=lasting(app.settings),
        )
    except (NotSignedInError, TooManyAttemptsError) as error:
        status = 429 if isinstance(error, TooManyAttemptsError) else 401
        return sign_in_form(request, target=target, name=name, problem=str(error), status=status)
    response = RedirectResponse(target, 303)
    keep_signed_in(response, request, app.settings, token)
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End this session."""
    app = request.app.state.application
    with seen_by(None), app.database.transaction() as connection:
        signing_in.sign_out(connection, request.scope["caller"], request.cookies.get(COOKIE, ""), now=system_clock())
    response = RedirectResponse("/sign-in?ended=by-you", 303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/password")
def password_page(request: Request) -> HTMLResponse:
    """The form."""
    return _password_page(request)


@router.post("/password")
def choose_password(request: Request, form: Form) -> Response:
    """Replace one's own password; sessions elsewhere end."""
    app = request.app.state.application
    try:
        if form.get("chosen", "") != form.get("again", ""):
            raise InvalidInputError("the new password was typed differently the second time")
        with seen_by(None):  # their own password is a customer's user's to change
            token = signing_in.choose_password(
                app.database,
                request.scope["caller"],
                present=form.get("present", ""),
                chosen=form.get("chosen", ""),
                address=address_of(request),
                now=system_clock(),
            )
    except (InvalidInputError, TooManyAttemptsError) as error:
        return _password_page(request, str(error), 429 if isinstance(error, TooManyAttemptsError) else 422)
    response = RedirectResponse("/", 303)
    keep_signed_in(response, request, app.settings, token)
    return response


def _password_page(request: Request, problem: str = "", status: int = 200) -> HTMLResponse:
    caller = request.scope["caller"]
    return show(
        request,
        "password.html",
        status=status,
        problem=problem,
        one_time=caller.must_choose_password,
        shortest=SHORTEST_PASSWORD,
    )
