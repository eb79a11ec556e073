"""What an endpoint takes from the request: the application, who asks, and identifiers that the database can hold."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import StringConstraints

from aftercare.wiring import Application

LARGEST_ID = 2**63 - 1


def _application(request: Request) -> Application:
    application = request.app.state.application
    assert isinstance(application, Application)
    return application


def _who(request: Request) -> str:
    return str(request.scope.get("who", "api"))


App = Annotated[Application, Depends(_application)]
Who = Annotated[str, Depends(_who)]
Text = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Filter = Annotated[Text | None, Query()]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
DeviceName = Annotated[Text, Path(description="The device's name")]
