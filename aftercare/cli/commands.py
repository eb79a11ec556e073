"""`aftercare commands`: what devices are asked to do, and what became of it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from aftercare.cli.durations import read_duration
from aftercare.cli.receiver_options import as_json_option, who, with_database
from diagnostics import commands as desk
from diagnostics.commands import Wish
from domain.account import Role
from domain.command import Command, CommandState
from domain.errors import InvalidInputError
from store import command_files, fleet_commands
from store import commands as stored

POLL = 0.2


@click.group(epilog="Example: aftercare commands send hp-17 snapshot --wait")
def commands() -> None:
    """Send remote commands to devices, and look at what became of them. See docs/diagnostics.md."""


@commands.command(epilog="Example: aftercare commands send hp-17 sampling interval_seconds=5 --wait")
@click.argument("device_and_command", nargs=-1, required=True, metavar="[DEVICE] COMMAND [NAME=VALUE ...]")
@click.option("--device-model", help="All devices of this model, in place of DEVICE: a fleet command.")
@click.option("--customer", help="As --device-model; of several, a device has to fit all.")
@click.option("--site", help="As --device-model.")
@click.option("--confirm", is_flag=True, help="What the catalog asks to confirm is confirmed.")
@click.option("--valid-for", help="How long it may wait for the device, such as 2h.")
@click.option("--ticket", type=int, help="The ticket whose record it joins.")
@click.option("--wait", is_flag=True, help="Until it has ended, on all devices; exit 1 unless it succeeded.")
@who
@as_json_option
@click.pass_context
def send(
    context: click.Context,
    device_and_command: tuple[str, ...],
    device_model: str | None,
    customer: str | None,
    site: str | None,
    confirm: bool,
    valid_for: str | None,
    ticket: int | None,
    wait: bool,
    who: str,
    as_json: bool,
) -> None:
    """Queue a command. Values are numbers, true, false, JSON objects, or else texts."""
    words = list(device_and_command)
    where = {"device_model": device_model, "customer": customer, "site": site}
    device = None if any(where.values()) else words.pop(0)
    if not words:
        raise InvalidInputError("say which command: aftercare commands send DEVICE COMMAND [NAME=VALUE ...]")
    wish = Wish(words[0], read_values(words[1:]), confirm, read_duration(valid_for) if valid_for else None, ticket)
    if device is None:
        if not _send_fleet(where, wish, who, wait=wait, as_json=as_json):
            context.exit(1)
        return
    command = with_database(
        lambda app, connection: desk.request(
            connection, app.catalog, device, wish, who=who, role=Role.ADMIN, now=app.clock()
        )
    )
    command_id = command.command_id
    while wait and not command.state.is_final:
        time.sleep(POLL)
        command = with_database(lambda _, connection: stored.get(connection, command_id))
    _show(command, as_json)
    if wait and command.state is not CommandState.SUCCEEDED:
        context.exit(1)


@commands.command("list", epilog="Example: aftercare commands list --device hp-17")
@click.option("--device")
@click.option("--state", type=click.Choice([str(state) for state in CommandState]))
@click.option("--ticket", type=int)
@click.option("--fleet", type=int, help="Number of a fleet command.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json_option
def list_commands(
    device: str | None, state: str | None, ticket: int | None, fleet: int | None, limit: int, as_json: bool
) -> None:
    """Commands, newest first."""
    for command in with_database(
        lambda _, connection: stored.listing(
            connection,
            device=device,
            state=CommandState(state) if state else None,
            ticket_id=ticket,
            fleet_id=fleet,
            limit=limit,
        )
    ):
        _show(command, as_json)


@commands.command(epilog="Example: aftercare commands show 4711 --files logs")
@click.argument("command_id", type=int)
@click.option("--files", "folder", type=click.Path(path_type=Path), help="Write the files that it brought here.")
@as_json_option
def show(command_id: int, folder: Path | None, as_json: bool) -> None:
    """One command with its result and files."""
    command, files = with_database(
        lambda _, connection: (
            stored.get(connection, command_id),
            command_files.files(connection, command_id=command_id),
        )
    )
    _show(command, as_json)
    if command.result and not as_json:
        click.echo(json.dumps(command.result, indent=2, default=str))
    for file in files:
        click.echo(f"file {file.command_file_id}  {file.name}  {file.size} bytes  SHA-256 {file.sha256}", err=as_json)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            name, _, content = with_database(
                lambda _, connection: command_files.content(connection, file.command_file_id)  # noqa: B023
            )
            (folder / f"{file.command_file_id}-{name}").write_bytes(content)


@commands.command(epilog="Example: aftercare commands cancel 4711")
@click.argument("command_id", type=int)
@who
@as_json_option
def cancel(command_id: int, who: str, as_json: bool) -> None:
    """Call back a command that has not gone out."""
    _show(with_database(lambda app, connection: desk.cancel(connection, command_id, who=who, now=app.clock())), as_json)


def read_values(words: list[str]) -> dict[str, Any]:
    """NAME=VALUE by name; a value that is no JSON is a text. Raises InvalidInputError."""
    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise InvalidInputError(f"{word!r} is not NAME=VALUE")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def _send_fleet(where: dict[str, str | None], wish: Wish, who: str, *, wait: bool, as_json: bool) -> bool:
    """False when it was waited for and has not succeeded on every device that it was for."""
    fleet = with_database(
        lambda app, connection: desk.request_fleet(
            connection,
            app.catalog,
            desk.devices_where(connection, where),
            wish,
            who=who,
            role=Role.ADMIN,
            now=app.clock(),
        )
    )
    fleet_id = fleet.fleet_id
    if not as_json:
        click.echo(f"fleet command {fleet_id}: queued for {fleet.total} devices")
        for name, reason in fleet.refused.items():
            click.echo(f"  left out {name}: {reason}")
    while wait and not all(state.is_final for state in fleet.states):
        time.sleep(POLL)
        fleet = with_database(lambda _, connection: fleet_commands.get(connection, fleet_id))
    if as_json:
        click.echo(json.dumps(asdict(fleet), default=str))
    elif wait:
        counts = ", ".join(f"{count} {state}" for state, count in sorted(fleet.states.items()))
        click.echo(f"  {counts or 'none was sent'}; 'aftercare commands list --fleet {fleet_id}' tells of each")
    return not wait or (not fleet.refused and set(fleet.states) == {CommandState.SUCCEEDED})


def _show(command: Command, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(command), default=str))
        return
    error = f": {command.error_code}, {command.error_message}" if command.error_code else ""
    progress = f" {command.progress:.0%}" if command.progress is not None else ""
    click.echo(
        f"{command.command_id}  {command.device}  {command.command}  {command.state}{progress}{error}  "
        f"{command.requested_at:%Y-%m-%d %H:%M:%S} by {command.requested_by}"
    )
