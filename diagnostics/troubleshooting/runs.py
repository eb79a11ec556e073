"""Begins runs of decision trees, takes people's answers, and does what can be done by itself.

Every step is one transaction with what follows from it, under the lock of its case: whoever dies in the middle has done
nothing, and whoever comes next goes on from the run's row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.rules import alarm_type, span
from diagnostics import commands
from diagnostics.commands import Wish
from diagnostics.troubleshooting.endings import conclude
from diagnostics.troubleshooting.steps import (
    Finding,
    check_answer,
    dead_end,
    follow,
    judge_command,
    judge_readings,
)
from domain.account import Caller, Role
from domain.device_model import DeviceModel, FailureMode
from domain.errors import (
    AftercareError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TooManyAttemptsError,
)
from domain.troubleshooting import UNKNOWN, Asked, CommandStep, Ending, Outcome, Question, ReadingCheck, Run, Step, Tree
from store import audit, devices, readings, tickets
from store import commands as store_commands
from store import troubleshooting as stored
from store.database import Connection
from store.troubleshooting import Place

Catalog = Mapping[str, DeviceModel]
MOST_VALUES = 500
LATEST = timedelta(hours=1)
"""How far ahead of the platform's clock a reading may be and still count."""


@dataclass(frozen=True, slots=True)
class Case:
    """A locked run that is not over, and what the catalog says of it."""

    run: Run
    place: Place
    model: DeviceModel
    mode: FailureMode
    tree: Tree


def start(
    connection: Connection,
    catalog: Catalog,
    *,
    device: str,
    failure_mode: str,
    who: str,
    role: Role,
    now: datetime,
) -> Run:
    """Begin by hand, and do what can be done at once.

    Raises NotFoundError (device, failure mode, or it has no tree), ForbiddenError when the role may not send each of
    the tree's commands, ConflictError when a run is under way.
    """
    registered = devices.get(connection, device)
    model = catalog.get(registered.device.device_model)
    if model is None:
        raise NotFoundError(f"device model {registered.device.device_model!r} of {device} is not in the catalog here")
    mode = model.failure_mode(failure_mode)
    if (tree := mode.troubleshooting) is None:
        raise NotFoundError(f"{failure_mode} of {model.name} has no troubleshooting in the catalog")
    _require(role, tree, model)
    tickets.hold_case(connection, device_id=registered.device_id, failure_mode=failure_mode)
    run_id = stored.start(
        connection,
        device_id=registered.device_id,
        failure_mode=failure_mode,
        alarm_type=alarm_type(failure_mode),
        step=tree.first.name,
        who=who,
        now=now,
    )
    if run_id is None:
        under_way = stored.listing(connection, device=device, under_way=True, limit=MOST_VALUES)
        run_id = next(run.run_id for run in under_way if run.failure_mode == failure_mode)
        raise ConflictError(f"run {run_id} looks into {failure_mode} of {device} already: answer that one, or stop it")
    detail = {"run": run_id, "failure_mode": failure_mode}
    _audit(connection, "began troubleshooting", device, who, now, detail)
    return advance(connection, catalog, Place(run_id, registered.device_id, failure_mode), now=now)


def answer(
    connection: Connection, catalog: Catalog, run_id: int, told: str, *, step: str, caller: Caller, now: datetime
) -> Run:
    """Take a person's answer to the question `step`, and do what can be done by itself after it.

    Raises NotFoundError, ForbiddenError when the question is not theirs to answer, InvalidInputError for an answer that
    it has not, ConflictError when the run is at another step by now.
    """
    place = stored.place(connection, run_id)
    run = _lock(connection, place)
    if caller.customer not in (None, devices.get(connection, run.device).device.customer):
        raise NotFoundError(f"troubleshooting run {run_id} does not exist: look it up in the list")
    case = _case(catalog, run, place) if run.ended_at is None else None
    if case is None or run.step != step:
        raise ConflictError(f"run {run_id} is not at {step[:100]!r} any more: it was answered, or has ended")
    question = case.tree.step(step)
    if not isinstance(question, Question):
        raise ConflictError(f"run {run_id} finds out {step} by itself: wait for it")
    if not may_answer(question, caller):
        raise ForbiddenError("an operator answers this question")
    check_answer(question, told)
    _go_on(connection, case, question, Finding(told, ""), who=caller.name, now=now)
    return advance(connection, catalog, place, now=now)


def may_answer(question: Question, caller: Caller) -> bool:
    """Operators answer any; a question for the customer whoever sees the device."""
    operates = caller.customer is None and caller.role.includes(Role.OPERATOR)
    return operates or question.ask is Asked.CUSTOMER


def stop(connection: Connection, run_id: int, *, reason: str, who: str, now: datetime) -> Run:
    """End a run without a result; what it has found stays, and a ticket that it held back opens with the next
    prediction. Raises NotFoundError, InvalidInputError without a reason, ConflictError when it is over."""
    run = _lock(connection, stored.place(connection, run_id))
    if run.ended_at is not None:
        raise ConflictError(f"run {run_id} has ended already: {run.outcome}")
    if not (reason := reason.strip()):
        raise InvalidInputError(f"run {run_id} is stopped only with a reason: say why")
    stored.end(connection, run_id, outcome=Outcome.STOPPED, reason=reason, at=now)
    detail = {"run": run_id, "failure_mode": run.failure_mode, "reason": reason}
    _audit(connection, "stopped troubleshooting", run.device, who, now, detail)
    return stored.get(connection, run_id)


def advance(connection: Connection, catalog: Catalog, place: Place, *, now: datetime) -> Run:
    """Do what can be done by itself, until the run has to wait or ends; the run as it is then."""
    while (run := _lock(connection, place)).ended_at is None:
        case = _case(catalog, run, place)
        if case is None:
            reason = "the catalog does not have its failure mode or its steps any more"
            stored.end(connection, place.run_id, outcome=Outcome.STOPPED, reason=reason, at=now)
            continue
        step = case.tree.step(run.step)
        if step is None:
            conclude(connection, run, place, case.model, case.mode, dead_end("Its step has left the catalog."), now=now)
            continue
        finding = _find(connection, catalog, case, step, now)
        if finding is None:
            break
        _go_on(connection, case, step, finding, who=run.started_by, now=now)
    return run


def current_step(catalog: Catalog, run: Run) -> Step | None:
    """The step that a run is at; None when it has ended, or the catalog has the step no longer."""
    model = catalog.get(run.device_model)
    modes = model.failure_modes if model and run.ended_at is None else ()
    trees = [mode.troubleshooting for mode in modes if mode.name == run.failure_mode]
    return trees[0].step(run.step) if trees and trees[0] else None


def _lock(connection: Connection, place: Place) -> Run:
    tickets.hold_case(connection, device_id=place.device_id, failure_mode=place.failure_mode)
    return stored.lock(connection, place.run_id)


def _case(catalog: Catalog, run: Run, place: Place) -> Case | None:
    model = catalog.get(run.device_model)
    modes = model.failure_modes if model else ()
    mode = next((mode for mode in modes if mode.name == run.failure_mode), None)
    if model is None or mode is None or mode.troubleshooting is None:
        return None
    return Case(run, place, model, mode, mode.troubleshooting)


def _go_on(connection: Connection, case: Case, step: Step, finding: Finding, *, who: str, now: datetime) -> None:
    """To the trail with it, and on to what comes after."""
    run_id = case.run.run_id
    stored.note(
        connection,
        run_id,
        at=now,
        step=step.name,
        title=step.title,
        answer=finding.answer,
        who=who,
        note=finding.note,
        command_id=case.run.command_id,
    )
    after = follow(case.tree, step, finding)
    if isinstance(after, Ending):
        conclude(connection, case.run, case.place, case.model, case.mode, after, now=now)
    else:
        stored.go_to(connection, run_id, after.name, at=now)


def _find(connection: Connection, catalog: Catalog, case: Case, step: Step, now: datetime) -> Finding | None:
    """What the step finds; None while it waits."""
    if isinstance(step, ReadingCheck):
        return _look(connection, case, step, now)
    if isinstance(step, CommandStep):
        return _command(connection, catalog, case, step, now)
    until = case.run.step_since + step.answer_within
    if now >= until:
        return Finding(UNKNOWN, f"nobody answered within {span(step.answer_within)}")
    stored.wait(connection, case.run.run_id, until=until)
    return None


def _look(connection: Connection, case: Case, step: ReadingCheck, now: datetime) -> Finding:
    found = readings.read_range(
        connection,
        case.model,
        device_id=case.place.device_id,
        since=now - step.over,
        until=now + LATEST,
        channels=[step.channel],
        points=MOST_VALUES,
    )
    values = [value for value in found.channels[step.channel].mean if value is not None]
    return judge_readings(step, case.model.channel(step.channel).unit, values)


def _command(connection: Connection, catalog: Catalog, case: Case, step: CommandStep, now: datetime) -> Finding | None:
    """Commanded in the transaction that notes which command the run waits for: once, whoever dies."""
    run = case.run
    if run.command_id is not None:
        command = store_commands.get(connection, run.command_id)
        return judge_command(step, command) if command.state.is_final else None
    wish = Wish(step.command, step.arguments, step.confirmed, ticket_id=run.ticket_id)
    try:
        command = commands.request(connection, catalog, run.device, wish, who=run.started_by, role=Role.ADMIN, now=now)
    except TooManyAttemptsError:
        stored.wait(connection, run.run_id, until=now + case.model.command_limit.within)
        return None
    except AftercareError as error:
        return Finding(UNKNOWN, str(error))
    stored.wait(connection, run.run_id, command_id=command.command_id)
    return None


def _require(role: Role, tree: Tree, model: DeviceModel) -> None:
    named = {step.command for step in tree.steps if isinstance(step, CommandStep)}
    for command in (model.command(name) for name in sorted(named)):
        if not role.includes(command.role):
            raise ForbiddenError(f"its step {command.name} needs the role {command.role}, and yours is {role}")
    if not role.includes(Role.OPERATOR):
        raise ForbiddenError(f"troubleshooting needs the role {Role.OPERATOR}, and yours is {role}")


def _audit(
    connection: Connection, action: str, device: str, who: str, now: datetime, detail: Mapping[str, object]
) -> None:
    audit.record(
        connection, at=now, who=who, action=action, object_kind="device", object_id=device, detail=dict(detail)
    )
