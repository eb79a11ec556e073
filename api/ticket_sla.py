"""Who pays a ticket, how its SLA clocks stand, and what stops them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.request import App, Id, Text
from api.tickets import change_beside
from api.versions import OVERTAKEN, Editing
from domain.entitlement import ClockKind, PauseReason
from service_desk.entitlement.settling import reassess
from service_desk.sla import clocks
from service_desk.sla.standing import Standing, standing_of
from store.database import Connection
from store.tickets import get

router = APIRouter(prefix="/tickets/{ticket_id}", tags=["tickets"])


class Waiting(BaseModel):
    """Why nobody can go on."""

    reason: PauseReason


class Cause(BaseModel):
    """Why it broke, which a warranty or contract may exclude."""

    cause: Text = Field(min_length=1, examples=["misuse"])


class Sla(BaseModel):
    """How one clock of a ticket stands; seconds are of the time that its contract counts."""

    kind: ClockKind
    contract_no: str
    started_at: datetime
    due_at: datetime = Field(description="While it is paused: as if the pause ended now")
    stopped_at: datetime | None
    elapsed_seconds: float
    remaining_seconds: float = Field(description="Below zero when it was missed by that")
    paused: bool
    breached: bool


@router.get("/entitlement", operation_id="get_entitlement")
def get_entitlement(app: App, ticket_id: Id) -> dict[str, Any]:
    """Who pays which line, why, what was considered, and what had to be assumed; empty for a ticket from before."""
    with app.database.transaction() as connection:
        return _entitlement(connection, ticket_id)


@router.post("/entitlement", operation_id="decide_entitlement", responses=OVERTAKEN)
def decide_entitlement(edit: Editing, ticket_id: Id, cause: Cause) -> dict[str, Any]:
    """Decide anew who pays, now that the cause is known."""
    decide = partial(reassess, catalog=edit.app.catalog, cause=cause.cause)
    return change_beside(edit, ticket_id, decide, partial(_entitlement, ticket_id=ticket_id))


@router.get("/sla", operation_id="get_sla")
def get_sla(app: App, ticket_id: Id) -> list[Sla]:
    """The clocks of a ticket; none when no contract promises anything."""
    with app.database.transaction() as connection:
        get(connection, ticket_id)
        return _clocks(connection, ticket_id, app.clock())


@router.post("/pause", operation_id="pause_ticket", responses=OVERTAKEN)
def pause_ticket(edit: Editing, ticket_id: Id, waiting: Waiting) -> list[Sla]:
    """Nobody can go on: clocks stop whose contract names this reason."""
    pause = partial(clocks.pause, reason=waiting.reason)
    return change_beside(edit, ticket_id, pause, partial(_clocks, ticket_id=ticket_id, now=edit.app.clock()))


@router.post("/resume", operation_id="resume_ticket", responses=OVERTAKEN)
def resume_ticket(edit: Editing, ticket_id: Id) -> list[Sla]:
    """Work can go on."""
    return change_beside(edit, ticket_id, clocks.resume, partial(_clocks, ticket_id=ticket_id, now=edit.app.clock()))


def _entitlement(connection: Connection, ticket_id: int) -> dict[str, Any]:
    return dict(get(connection, ticket_id).ticket.entitlement or {})


def _clocks(connection: Connection, ticket_id: int, now: datetime) -> list[Sla]:
    return [_answer(one) for one in standing_of(connection, ticket_id=ticket_id, now=now)]


def _answer(standing: Standing) -> Sla:
    clock, state = standing.clock, standing.state
    return Sla(
        kind=clock.kind,
        contract_no=clock.contract_no,
        started_at=clock.started_at,
        due_at=state.due_at,
        stopped_at=clock.stopped_at,
        elapsed_seconds=state.elapsed.total_seconds(),
        remaining_seconds=state.remaining.total_seconds(),
        paused=state.paused,
        breached=state.breached,
    )
