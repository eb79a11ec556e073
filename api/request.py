"""What an endpoint takes from the request: the application, who asks, and identifiers and times that can be stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import AfterValidator, AwareDatetime, StringConstraints

from aftercare.wiring import Application

LARGEST_ID = 2**63 - 1
YEARS = range(1900, 3000)


def _application(request: Request) -> Application:
    application = request.app.state.application
    assert isinstance(application, Application)
    return application


def _who(request: Request) -> str:
    return str(request.scope.get("who", "api"))


def refuse_unknown_parameters(request: Request) -> None:
    """For every endpoint: a filter that is misspelt must not answer everything. Raises RequestValidationError."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = _parameters(route.dependant)
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        knows = f"this resource knows {', '.join(known)}" if known else "this resource knows none"
        raise RequestValidationError(
            [
                {"type": "extra_forbidden", "loc": ("query", name), "msg": f"Unknown parameter: {knows}", "input": name}
                for name in unknown
            ]
        )


def _parameters(dependant: Dependant) -> list[str]:
    own = [field.alias for field in dependant.query_params]
    return own + [name for below in dependant.dependencies for name in _parameters(below)]


def _in_utc(instant: datetime) -> datetime:
    """Of years that every clock, calendar and sum of ours can hold: one stored time beyond would break whole lists."""
    if instant.year not in YEARS:
        raise ValueError(f"give a time of the years {YEARS[0]} to {YEARS[-1]}")
    return instant.astimezone(UTC)


App = Annotated[Application, Depends(_application)]
Who = Annotated[str, Depends(_who)]
Text = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Filter = Annotated[Text | None, Query()]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
DeviceName = Annotated[Text, Path(description="The device's name")]
