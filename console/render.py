"""Templates: one environment, and what every page is given."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from access.rules import is_open
from aftercare import __version__
from console import tour, words
from console.json_text import as_text, pretty
from console.offers import keep_allowed
from console.terms import TERMS
from domain.account import Caller, Role
from domain.clock import Clock, ScaledClock
from domain.device_model import REPORTED_PROBLEM
from domain.silent_channels import tell_silent
from domain.units import unit_sign


@cache
def environment() -> Environment:
    """All templates of the console; a name that a page was not given is an error, not a blank."""
    templates = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (
        "instant",
        "until",
        "span",
        "hours",
        "working_hours",
        "money",
        "percent",
        "points",
        "width",
        "exact",
        "number",
        "label",
        "state",
        "unbroken",
        "datetime_local",
        "parsed",
    ):
        templates.filters[name] = getattr(words, name)
    templates.filters["unit"] = unit_sign
    templates.filters["silent"] = tell_silent
    templates.filters["as_text"] = as_text
    templates.filters["pretty"] = pretty
    templates.globals["terms"] = TERMS
    templates.globals["closures"] = words.CLOSURES
    templates.globals["version"] = __version__
    return templates


def show(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page."""
    application = request.app.state.application
    now = application.clock()
    page = environment().get_template(template)
    caller: Caller | None = request.scope.get("caller")

    def may(method: str, path: str) -> bool:
        return is_open(method, path, caller)

    return HTMLResponse(
        keep_allowed(
            page.render(
                may=may,
                now=now,
                replay_speed=_replay_speed(application.clock, now),
                who=request.scope.get("who", ""),
                caller=caller,
                operates=_operates(request),
                tour=tour.is_wanted(request),
                path=request.url.path,
                titles={REPORTED_PROBLEM: "Reported problem"}
                | {mode.name: mode.title for model in application.catalog.values() for mode in model.failure_modes},
                **values,
            ),
            may,
        ),
        status,
    )


def _operates(request: Request) -> bool:
    """Whether they may change alarms; their pages show no button that would be refused."""
    caller = request.scope.get("caller")
    return caller is not None and caller.customer is None and caller.role.includes(Role.OPERATOR)


def _replay_speed(clock: Clock, now: datetime) -> float | None:
    """How many times as fast as the machine's the clock runs; None when it is the machine's own."""
    if not isinstance(clock, ScaledClock):
        return None
    return 1.0 if clock.until is not None and now >= clock.until else clock.speed
