"""Guided troubleshooting: runs of decision trees, and people's answers to their questions."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.commands import Asking
from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id, Text, Who
from api.schemas import Answer
from diagnostics.troubleshooting import runs
from domain.troubleshooting import Outcome, Question
from store import troubleshooting as stored
from store.database import Connection
from store.retry import in_transaction
from store.scope import seen_by

router = APIRouter(tags=["diagnostics"])


class NewRun(BaseModel):
    """What is to be looked into."""

    device: Text = Field(examples=["sc-0007"])
    failure_mode: Text = Field(examples=["clogged_intake_filter"])


class NewAnswer(BaseModel):
    """A person's answer to the question that a run waits for."""

    run_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    step: Text = Field(description="The question's name", examples=["oil_level"])
    answer: Text = Field(examples=["yes"])


class StopRun(BaseModel):
    reason: Text


class TroubleshootingRun(Answer):
    run_id: int
    device: str
    device_model: str
    failure_mode: str
    started_at: datetime
    started_by: str
    prediction_id: int | None = Field(description="What began it; none: a person did")
    alarm_id: int | None
    ticket_id: int | None
    step: str = Field(description="Where it is, or ended")
    step_since: datetime
    command_id: int | None = Field(description="What it waits for")
    ended_at: datetime | None
    outcome: Outcome | None
    reason: str = Field(description="Why it ended so")
    parts: dict[str, int] = Field(description="What a visit needs, by part number")
    tools: list[str]


class TrailEntry(Answer):
    position: int
    at: datetime
    step: str
    title: str
    answer: str
    who: str
    note: str = Field(description="What the answer rests on")
    command_id: int | None


class WaitingQuestion(Answer):
    name: str
    title: str
    ask: str = Field(description="operator or customer")
    answers: list[str]


class WholeRun(BaseModel):
    """A run with what its steps found, and the question that it waits for."""

    run: TroubleshootingRun
    trail: list[TrailEntry]
    question: WaitingQuestion | None


def _whole(app: App, connection: Connection, run_id: int) -> WholeRun:
    run = stored.get(connection, run_id)
    step = runs.current_step(app.catalog, run)
    return WholeRun(
        run=TroubleshootingRun.model_validate(run),
        trail=[TrailEntry.model_validate(entry) for entry in stored.trail(connection, run_id)],
        question=WaitingQuestion.model_validate(step) if isinstance(step, Question) else None,
    )


@router.post("/troubleshooting", operation_id="start_troubleshooting", status_code=201)
def start_troubleshooting(app: App, who: Who, caller: Asking, wanted: NewRun) -> WholeRun:
    """Begin to look into a failure mode of a device."""

    def begin(connection: Connection) -> WholeRun:
        run = runs.start(
            connection,
            app.catalog,
            device=wanted.device,
            failure_mode=wanted.failure_mode,
            who=who,
            role=caller.role,
            now=app.clock(),
        )
        return _whole(app, connection, run.run_id)

    return in_transaction(app.database, begin)


@router.get("/troubleshooting", operation_id="list_troubleshooting")
def list_troubleshooting(
    app: App,
    request: Request,
    response: Response,
    device: Filter = None,
    ticket_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    under_way: bool = False,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[TroubleshootingRun]:
    """Runs, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = stored.listing(
            connection,
            device=device,
            ticket_id=ticket_id,
            under_way=under_way,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.run_id,), TroubleshootingRun, request, response)


@router.get("/troubleshooting/{run_id}", operation_id="get_troubleshooting")
def get_troubleshooting(app: App, run_id: Id) -> WholeRun:
    """One run with its trail."""
    with app.database.transaction() as connection:
        return _whole(app, connection, run_id)


@router.post("/troubleshooting/{run_id}/stop", operation_id="stop_troubleshooting")
def stop_troubleshooting(app: App, who: Who, run_id: Id, wanted: StopRun) -> WholeRun:
    """End a run without a result."""
    with app.database.transaction() as connection:
        runs.stop(connection, run_id, reason=wanted.reason, who=who, now=app.clock())
        return _whole(app, connection, run_id)


@router.post("/troubleshooting-answers", operation_id="answer_troubleshooting", status_code=201)
def answer_troubleshooting(app: App, caller: Asking, told: NewAnswer) -> WholeRun:
    """Answer the question that a run waits for; a customer's user answers those that are for the customer."""
    take = partial(
        runs.answer,
        catalog=app.catalog,
        run_id=told.run_id,
        told=told.answer,
        step=told.step,
        caller=caller,
        now=app.clock(),
    )
    with seen_by(None):  # a customer's user may read only; `answer` looks whose device it is
        in_transaction(app.database, take)
    with app.database.transaction() as connection:
        return _whole(app, connection, told.run_id)
