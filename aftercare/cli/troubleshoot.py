"""`aftercare troubleshoot`: find out step by step what is wrong with a device, without sending anyone."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from aftercare.cli.receiver_options import as_json_option, who, with_database
from aftercare.wiring import Application
from diagnostics.troubleshooting import runs
from domain.account import Caller, Role
from domain.troubleshooting import Question, Run
from store import troubleshooting as stored
from store.database import Connection


@click.group(epilog="Example: aftercare troubleshoot start sc-7 clogged_intake_filter")
def troubleshoot() -> None:
    """Look into a failure mode of a device by its decision tree. See docs/troubleshooting.md."""


@troubleshoot.command(epilog="Example: aftercare troubleshoot start sc-7 clogged_intake_filter")
@click.argument("device")
@click.argument("failure_mode")
@who
@as_json_option
def start(device: str, failure_mode: str, who: str, as_json: bool) -> None:
    """Begin. What telemetry and commands can tell is found out by itself."""

    def begin(app: Application, connection: Connection) -> None:
        run = runs.start(
            connection,
            app.catalog,
            device=device,
            failure_mode=failure_mode,
            who=who,
            role=Role.ADMIN,
            now=app.clock(),
        )
        _show(app, connection, run, as_json)

    with_database(begin)


@troubleshoot.command(epilog="Example: aftercare troubleshoot show 12")
@click.argument("run_id", type=click.IntRange(1, 2**63 - 1))
@as_json_option
def show(run_id: int, as_json: bool) -> None:
    """A run: what its steps found, what it asks, or how it ended."""
    with_database(lambda app, connection: _show(app, connection, stored.get(connection, run_id), as_json))


@troubleshoot.command("list", epilog="Example: aftercare troubleshoot list --under-way")
@click.option("--device")
@click.option("--ticket", type=click.IntRange(1, 2**63 - 1))
@click.option("--under-way", is_flag=True, help="Only those that have not ended.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json_option
def list_runs(device: str | None, ticket: int | None, under_way: bool, limit: int, as_json: bool) -> None:
    """Runs, newest first."""
    for run in with_database(
        lambda _, connection: stored.listing(
            connection, device=device, ticket_id=ticket, under_way=under_way, limit=limit
        )
    ):
        click.echo(json.dumps(asdict(run), default=str) if as_json else _line(run))


@troubleshoot.command(epilog="Example: aftercare troubleshoot answer 12 oil_level no")
@click.argument("run_id", type=click.IntRange(1, 2**63 - 1))
@click.argument("step")
@click.argument("answer")
@who
@as_json_option
def answer(run_id: int, step: str, answer: str, who: str, as_json: bool) -> None:
    """Answer the question that a run waits for."""
    caller = Caller(0, who, Role.ADMIN)

    def take(app: Application, connection: Connection) -> None:
        run = runs.answer(connection, app.catalog, run_id, answer, step=step, caller=caller, now=app.clock())
        _show(app, connection, run, as_json)

    with_database(take)


@troubleshoot.command(epilog="Example: aftercare troubleshoot stop 12 --reason 'the customer calls back'")
@click.argument("run_id", type=click.IntRange(1, 2**63 - 1))
@click.option("--reason", required=True)
@who
@as_json_option
def stop(run_id: int, reason: str, who: str, as_json: bool) -> None:
    """End a run without a result."""

    def end(app: Application, connection: Connection) -> None:
        run = runs.stop(connection, run_id, reason=reason, who=who, now=app.clock())
        _show(app, connection, run, as_json)

    with_database(end)


def _line(run: Run) -> str:
    state = f"{run.outcome}: {run.reason}" if run.outcome else f"at {run.step}"
    ticket = f"  ticket {run.ticket_id}" if run.ticket_id else ""
    return (
        f"{run.run_id}  {run.device}  {run.failure_mode}  {state}{ticket}  "
        f"{run.started_at:%Y-%m-%d %H:%M:%S} by {run.started_by}"
    )


def _show(app: Application, connection: Connection, run: Run, as_json: bool) -> None:
    trail = stored.trail(connection, run.run_id)
    step = runs.current_step(app.catalog, run)
    if as_json:
        document = {**asdict(run), "trail": [asdict(entry) for entry in trail]}
        click.echo(json.dumps(document, default=str))
        return
    click.echo(_line(run))
    for entry in trail:
        note = f": {entry.note}" if entry.note else ""
        click.echo(f"  {entry.at:%H:%M:%S}  {entry.title} {entry.answer}{note} ({entry.who})")
    if isinstance(step, Question):
        click.echo(f"  asks the {step.ask}: {step.title} {' / '.join(step.answers)}")
        click.echo(f"  answer with: aftercare troubleshoot answer {run.run_id} {step.name} {step.answers[0]}")
    elif step is not None:
        click.echo(f"  finds out by itself: {step.title}")
