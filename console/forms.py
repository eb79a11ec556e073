"""Reads forms; and what operators send from the rows of the alarm feed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse

from alerts import lifecycle
from console.request import LARGEST_ID, Id
from domain.errors import InvalidInputError

router = APIRouter()
LARGEST_FORM, LONGEST_TARGET = 20_000, 4_000


async def _form(request: Request) -> Mapping[str, str]:
    body = await request.body()
    if len(body) > LARGEST_FORM:
        raise InvalidInputError("the form is too large: shorten its text")
    return dict(parse_qsl(body.decode("utf-8", "replace").replace("\x00", "")))


Form = Annotated[Mapping[str, str], Depends(_form)]


@router.post("/alarms/{alarm_id}/acknowledge")
def acknowledge(request: Request, alarm_id: Id, form: Form) -> RedirectResponse:
    """Note that someone has seen it."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        lifecycle.acknowledge(connection, alarm_id=alarm_id, who=request.scope["who"], now=app.clock())
    return back_to(form, "/alarms")


@router.post("/alarms/{alarm_id}/shelve")
def shelve(request: Request, alarm_id: Id, form: Form) -> RedirectResponse:
    """Out of sight for some hours."""
    app = request.app.state.application
    now = app.clock()
    until = now + timedelta(hours=number(form.get("hours", ""), "a number of hours from 1 to 2160", most=2160))
    with app.database.transaction() as connection:
        lifecycle.shelve(connection, alarm_id=alarm_id, until=until, who=request.scope["who"], now=now)
    return back_to(form, "/alarms")


def back_to(form: Mapping[str, str], otherwise: str) -> RedirectResponse:
    return RedirectResponse(inside(form.get("back", ""), otherwise), 303)


def inside(target: str, otherwise: str) -> str:
    """The address when it is one of this console's own, else the other: nobody is sent elsewhere by a link."""
    own = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if own and len(target) <= LONGEST_TARGET else otherwise


def number(text: str, told: str, *, least: int = 1, most: int = LARGEST_ID) -> int:
    """The whole number that a field holds. Raises InvalidInputError for any other text; `told`: what it is not."""
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 19 or not least <= int(text) <= most:
        raise InvalidInputError(f"{text[:40]!r} is not {told}")
    return int(text)
