"""What customers' users do for themselves: take their devices' data home, and report problems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from aftercare.customer_archive import archive_pieces
from aftercare.problem_reporting import report_problem
from api.exports import SLOTS, Download, Form
from api.request import App, Text
from domain.errors import ForbiddenError, InvalidInputError
from store.choices import require_customer
from store.database import Connection
from store.scope import seen_by

router = APIRouter(tags=["self-service"])
ZIP = "application/zip"


class NewProblem(BaseModel):
    """What somebody noticed at a device."""

    device: Text = Field(examples=["hp-0042"])
    problem: str = Field(max_length=2000, examples=["It rattles since this morning."])
    token: Text = Field(description="Made anew for each report: sent twice, it is one", examples=["6f1c0e2a9b"])


class ReportedProblem(BaseModel):
    """What became of it."""

    ticket_id: int


@router.post("/problem-reports", operation_id="report_problem", status_code=201)
def take_report(app: App, request: Request, told: NewProblem) -> ReportedProblem:
    """Open a ticket for a problem of a device, with its last day of readings; or add it to the one that is open."""
    ticket_id = report_problem(app, request.scope["caller"], device=told.device, problem=told.problem, token=told.token)
    return ReportedProblem(ticket_id=ticket_id)


@router.get(
    "/customer-export",
    operation_id="export_customer",
    response_class=Response,
    responses={
        200: {
            "description": "A ZIP with a README",
            "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def export_customer(
    app: App,
    request: Request,
    customer: Annotated[
        Text | None, Query(description="For the maker's users; a customer's user gets their own")
    ] = None,
    form: Annotated[Form, Query(alias="format", description="Of the tables in it")] = Form.CSV,
) -> Download:
    """Everything about a customer's devices in open formats, from telemetry to parts; its README tells what is what."""
    own = request.scope["caller"].customer
    if own is not None and customer not in (None, own):
        raise ForbiddenError(f"you may take home the data of {own} only")
    customer = own or customer
    if not customer:
        raise InvalidInputError("say whose devices: customer=NAME")
    if own is None:
        with app.database.transaction() as connection:
            require_customer(connection, customer)
    now = app.clock()

    def write(connection: Connection) -> Iterator[bytes]:
        return archive_pieces(connection, app.catalog, customer=customer, form=form, now=now)

    with seen_by(customer):  # whoever asks, it holds what that customer may see
        return Download(SLOTS.pieces(app, write), ZIP, f"aftercare-{now:%Y-%m-%d}.zip")
