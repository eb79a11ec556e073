"""Guided troubleshooting, step by step: what was found, what is asked now, and how it ended. Works without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from aftercare.wiring import Application
from console.forms import Form, number
from console.render import show
from console.request import After, Id, Text
from diagnostics.troubleshooting import runs
from domain.troubleshooting import Question, Run
from store import troubleshooting as stored
from store.retry import in_transaction
from store.scope import seen_by

router = APIRouter()
ROWS = 100


@router.get("/troubleshooting")
def run_list(request: Request, device: Text | None = None, after: After = None) -> HTMLResponse:
    """Runs, newest first."""
    with request.app.state.application.database.transaction() as connection:
        found = stored.listing(connection, device=device or None, after=after, limit=ROWS + 1)
    return show(
        request,
        "troubleshooting.html",
        runs=found[:ROWS],
        device=device,
        next=found[ROWS - 1].run_id if len(found) > ROWS else None,
    )


@router.post("/troubleshooting")
def begin(request: Request, form: Form) -> RedirectResponse:
    """Look into a failure mode of a device; a run that is under way is shown."""
    app: Application = request.app.state.application
    start = partial(
        runs.start,
        catalog=app.catalog,
        device=form.get("device", ""),
        failure_mode=form.get("failure_mode", ""),
        who=request.scope["who"],
        role=request.scope["caller"].role,
        now=app.clock(),
    )
    return _to_run(in_transaction(app.database, start).run_id)


@router.get("/troubleshooting/{run_id}")
def run_page(request: Request, run_id: Id) -> HTMLResponse:
    """One run; while it finds out something by itself the page asks again."""
    app: Application = request.app.state.application
    with app.database.transaction() as connection:
        run = stored.get(connection, run_id)
        trail = stored.trail(connection, run_id)
    step = runs.current_step(app.catalog, run)
    asked = step if isinstance(step, Question) else None
    return show(
        request,
        "troubleshooting_run.html",
        run=run,
        trail=trail,
        step=step,
        question=asked,
        may_answer=asked is not None and runs.may_answer(asked, request.scope["caller"]),
    )


@router.post("/troubleshooting-answers")
def take_answer(request: Request, form: Form) -> RedirectResponse:
    """Answer the question that a run waits for."""
    app: Application = request.app.state.application
    run_id = number(form.get("run_id", ""), "the number of a run")
    take = partial(
        runs.answer,
        catalog=app.catalog,
        run_id=run_id,
        told=form.get("answer", ""),
        step=form.get("step", ""),
        caller=request.scope["caller"],
        now=app.clock(),
    )
    with seen_by(None):  # a customer's user may read only; `answer` looks whose device it is
        in_transaction(app.database, take)
    return _to_run(run_id)


@router.post("/troubleshooting/{run_id}/stop")
def stop(request: Request, run_id: Id, form: Form) -> RedirectResponse:
    """End a run without a result."""
    app: Application = request.app.state.application
    with app.database.transaction() as connection:
        runs.stop(connection, run_id, reason=form.get("reason", ""), who=request.scope["who"], now=app.clock())
    return _to_run(run_id)


def waiting_for(request: Request, found: Sequence[Run]) -> set[int]:
    """Ids of those of these runs whose question this reader may answer."""
    catalog, caller = request.app.state.application.catalog, request.scope["caller"]
    steps = {run.run_id: runs.current_step(catalog, run) for run in found}
    return {run_id for run_id, step in steps.items() if isinstance(step, Question) and runs.may_answer(step, caller)}


def _to_run(run_id: int) -> RedirectResponse:
    return RedirectResponse(f"/troubleshooting/{run_id}", 303)
