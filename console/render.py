"""Templates: one environment, and what every page is given."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from aftercare import __version__
from console import words


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
        "money",
        "percent",
        "number",
        "label",
        "state",
        "unit",
        "datetime_local",
    ):
        templates.filters[name] = getattr(words, name)
    templates.globals["closures"] = words.CLOSURES
    templates.globals["version"] = __version__
    return templates


def show(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page."""
    application = request.app.state.application
    page = environment().get_template(template)
    return HTMLResponse(
        page.render(
            now=application.clock(),
            who=request.scope.get("who", ""),
            path=request.url.path,
            titles={mode.name: mode.title for model in application.catalog.values() for mode in model.failure_modes},
            **values,
        ),
        status,
    )
