"""Who pays a ticket, how its SLA clocks stand, and what stops them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.request import App, Id, Text, Who
from domain.entitlement import ClockKind, PauseReason
from service_desk.entitlement.settling import reassess
from service_desk.sla import clocks
from service_desk.sla.standing import Standing, standing_of
from store.database import Connection
from store.retry import in_transaction
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
        return dict(get(connection, ticket_id).ticket.entitlement or {})


@router.post("/entitlement", operation_id="decide_entitlement")
def decide_entitlement(app: App, who: Who, ticket_id: Id, cause: Cause) -> dict[str, Any]:
    """Decide anew who pays, now that the cause is known."""

    def work(connection: Connection) -> dict[str, Any]:
        ticket = reassess(connection, app.catalog, ticket_id=ticket_id, cause=cause.cause, who=who, now=app.clock())
        return dict(ticket.entitlement or {})

    return in_transaction(app.database, work)


@router.get("/sla", operation_id="get_sla")
def get_sla(app: App, ticket_id: Id) -> list[Sla]:
    """The clocks of a ticket; none when no contract promises anything."""
    with app.database.transaction() as connection:
        get(connection, ticket_id)
        return [_answer(one) for one in standing_of(connection, ticket_id=ticket_id, now=app.clock())]


@router.post("/pause", operation_id="pause_ticket")
def pause_ticket(app: App, who: Who, ticket_id: Id, waiting: Waiting) -> list[Sla]:
    """Nobody can go on: clocks stop whose contract names this reason."""

    def work(connection: Connection) -> list[Sla]:
        clocks.pause(connection, ticket_id=ticket_id, reason=waiting.reason, who=who, now=app.clock())
        return [_answer(one) for one in standing_of(connection, ticket_id=ticket_id, now=app.clock())]

    return in_transaction(app.database, work)


@router.post("/resume", operation_id="resume_ticket")
def resume_ticket(app: App, who: Who, ticket_id: Id) -> list[Sla]:
    """Work can go on."""

    def work(connection: Connection) -> list[Sla]:
        clocks.resume(connection, ticket_id=ticket_id, who=who, now=app.clock())
        return [_answer(one) for one in standing_of(connection, ticket_id=ticket_id, now=app.clock())]

    return in_transaction(app.database, work)


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
