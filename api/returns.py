"""Components that come back from visits, what was found of them, and how often that was no fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Id, Text
from api.schemas import Answer
from api.versions import OVERTAKEN, TAGGED, Edit, Editing, tag, tagged
from domain.part_return import Finding, ReturnState
from service_desk import returns
from store import returns as store_returns
from store.database import Connection

router = APIRouter(prefix="/returns", tags=["parts"])


class Return(Answer):
    """A component that was taken out; `return_id` is its RMA number."""

    return_id: int = Field(examples=[7])
    ticket_id: int
    device: str
    device_model: str
    failure_mode: str
    closure_code: str | None
    component: str
    part_no: str | None = Field(description="Null for a component that was exchanged beside the failure mode's")
    service_centre: str
    state: ReturnState
    findings: Finding | None
    note: str
    restocked: bool
    expected_at: datetime
    received_at: datetime | None
    inspected_at: datetime | None
    inspected_by: str | None


class Inspection(BaseModel):
    """What was found of it."""

    findings: Finding
    note: Text = ""
    restock: bool = Field(False, description="It has no fault and goes back onto the shelf")


class Findings(Answer):
    """Closed tickets of a failure mode, and what was found of the components that came back."""

    device_model: str
    failure_mode: str
    closed: int
    closed_no_fault_found: int
    returned: int = Field(description="Expected, received or inspected")
    worn: int
    defective: int
    no_fault_found: int
    damaged: int


@router.get("", operation_id="list_returns")
def list_returns(
    app: App,
    request: Request,
    response: Response,
    state: Annotated[list[ReturnState] | None, Query(description="May be given several times")] = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Return]:
    """Returns, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = store_returns.listing(connection, states=state, after=key[0] if key else None, limit=limit + 1)
    return page(rows, limit, lambda row: (row.return_id,), Return, request, response)


@router.get("/findings", operation_id="list_findings")
def list_findings(app: App) -> list[Findings]:
    """What was found, by failure mode."""
    with app.database.transaction() as connection:
        return [Findings.model_validate(row) for row in store_returns.findings_by_mode(connection)]


@router.get("/{return_id}", operation_id="get_return", responses=TAGGED)
def get_return(app: App, response: Response, return_id: Id) -> Return:
    """One return."""
    with app.database.transaction() as connection:
        return tagged(response, _read(connection, return_id), _tag)


@router.post("/{return_id}/receive", operation_id="receive_return", responses=OVERTAKEN)
def receive_return(edit: Editing, return_id: Id) -> Return:
    """It has come back."""
    return _move(edit, return_id, returns.receive)


@router.post("/{return_id}/inspect", operation_id="inspect_return", responses=OVERTAKEN)
def inspect_return(edit: Editing, return_id: Id, inspection: Inspection) -> Return:
    """Say what was found of it; it becomes an event of the device."""
    inspect = partial(returns.inspect, catalog=edit.app.catalog, **inspection.model_dump())
    return _move(edit, return_id, inspect)


def _move(edit: Edit, return_id: int, how: Callable[..., object]) -> Return:
    return edit.run(
        lock=partial(store_returns.lock, return_id=return_id),
        change=partial(how, return_id=return_id, who=edit.who, now=edit.app.clock()),
        read=partial(_read, return_id=return_id),
        tag_of=_tag,
    )


def _read(connection: Connection, return_id: int) -> Return:
    return Return.model_validate(store_returns.get(connection, return_id))


def _tag(returned: Return) -> str:
    return tag(returned.return_id, returned.state)
