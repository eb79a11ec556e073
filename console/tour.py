"""The first look around: a few stops through what there is to see, until somebody has seen enough."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

from console.forms import Form

router = APIRouter()
COOKIE = "aftercare_tour"
A_YEAR = 365 * 86_400


def is_wanted(request: Request) -> bool:
    """On the first page, until it was closed in this browser."""
    return request.url.path == "/" and request.cookies.get(COOKIE) != "seen"


@router.post("/tour")
def close_tour(request: Request, form: Form) -> RedirectResponse:
    """Close it for a year, or show it again."""
    again = form.get("show") == "again"
    response = RedirectResponse("/", 303)
    response.set_cookie(COOKIE, "" if again else "seen", max_age=0 if again else A_YEAR, httponly=True, samesite="lax")
    return response
