"""Signing in by an OpenID provider: the way there, the way back, and the way out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from access import openid
from aftercare.access import address_of, base_url, is_encrypted, keep_signed_in, lasting
from console.forms import inside
from console.sign_in_pages import sign_in_form
from domain.clock import system_clock
from domain.errors import AftercareError, NotFoundError, TooManyAttemptsError, UnavailableError

router = APIRouter()
CALLBACK = "/sign-in/openid/callback"
STATE_COOKIE = "aftercare_sign_in"
MOST_SENT = 4000
"""Characters of any one parameter that a provider may send along."""


@router.get("/sign-in/openid")
def depart(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name that the address shows
    """To the provider."""
    app = request.app.state.application
    try:
        departure = openid.depart(
            app.database,
            _openid(request),
            target=inside(next, "/"),
            redirect_uri=base_url(request, app.settings) + CALLBACK,
            now=system_clock(),
        )
    except AftercareError as error:
        return _refused(request, error)
    response = RedirectResponse(departure.url, 303)
    _keep_state(request, response, departure.state)
    return response


@router.get(CALLBACK)
def arrive(request: Request) -> Response:
    """Back from it: begin a session, and go where they wanted to go."""
    app = request.app.state.application
    answer = openid.Answer(
        parameters={name: value[:MOST_SENT].replace("\x00", "") for name, value in request.query_params.items()},
        state=request.cookies.get(STATE_COOKIE, ""),
        redirect_uri=base_url(request, app.settings) + CALLBACK,
        address=address_of(request),
    )
    try:
        token, target = openid.arrive(
            app.database, _openid(request), answer, now=system_clock(), lasting=lasting(app.settings)
        )
    except AftercareError as error:
        response = _refused(request, error)
    else:
        response = RedirectResponse(target, 303)
        keep_signed_in(response, request, app.settings, token)
    response.delete_cookie(STATE_COOKIE, path="/sign-in")
    return response


@router.get("/sign-in/openid/leave")
def leave(request: Request) -> Response:
    """Sign out of the provider too, where it has a page for that."""
    back_to = base_url(request, request.app.state.application.settings) + "/sign-in"
    try:
        return RedirectResponse(_openid(request).provider.end_session_url(back_to=back_to) or "/sign-in", 303)
    except AftercareError as error:
        return _refused(request, error)


def _openid(request: Request) -> openid.OpenId:
    known: Any = request.app.state.openid
    if not isinstance(known, openid.OpenId):
        raise NotFoundError("people do not sign in by a provider here: AFTERCARE_OIDC_ISSUER names none")
    return known


def _keep_state(request: Request, response: Response, state: str) -> None:
    """Lax, since the provider sends the browser back by a link from its own site."""
    response.set_cookie(
        STATE_COOKIE,
        state,
        max_age=int(openid.COMES_BACK_WITHIN.total_seconds()),
        path="/sign-in",
        httponly=True,
        samesite="lax",
        secure=is_encrypted(request, request.app.state.application.settings),
    )


def _refused(request: Request, error: AftercareError) -> Response:
    if isinstance(error, NotFoundError) and request.app.state.openid is None:
        raise error
    kinds = ((TooManyAttemptsError, 429), (UnavailableError, 503))
    status = next((status for kind, status in kinds if isinstance(error, kind)), 401)
    return sign_in_form(request, problem=str(error), status=status)
