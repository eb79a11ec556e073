"""`aftercare twin`: what a device reports of itself, and what is desired of it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from aftercare.cli.commands import read_values
from aftercare.cli.receiver_options import as_json_option, who, with_database
from diagnostics.twin import desire
from diagnostics.twin_documents import delta
from domain.twin import Twin
from store import twins


@click.group(epilog="Example: aftercare twin show hp-17")
def twin() -> None:
    """Look at a device's configuration, and say what it should be. See docs/diagnostics.md."""


@twin.command(epilog="Example: aftercare twin show hp-17 --json")
@click.argument("device")
@as_json_option
def show(device: str, as_json: bool) -> None:
    """Both sides, and what of the desired is not so yet."""
    _show(with_database(lambda _, connection: twins.get(connection, device)), as_json)


@twin.command("set", epilog="Example: aftercare twin set hp-17 sampling_seconds=60 mode=null")
@click.argument("device")
@click.argument("settings", nargs=-1, required=True, metavar="NAME=VALUE ...")
@click.option("--version", type=int, help="The desired version that you have seen; another one is refused.")
@who
@as_json_option
def set_desired(device: str, settings: tuple[str, ...], version: int | None, who: str, as_json: bool) -> None:
    """Change what is desired. Values are JSON, or else texts; null takes a setting away."""
    changes = read_values(list(settings))
    _show(
        with_database(
            lambda app, connection: desire(
                connection, device, changes, who=who, now=app.clock(), expected_version=version
            )
        ),
        as_json,
    )


@twin.command(epilog="Example: aftercare twin history hp-17")
@click.argument("device")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json_option
def history(device: str, limit: int, as_json: bool) -> None:
    """Changes of both sides, newest first."""
    _, changes = with_database(
        lambda _, connection: (twins.get(connection, device), twins.history(connection, device, limit=limit))
    )
    for change in changes:
        if as_json:
            click.echo(json.dumps(asdict(change), default=str))
            continue
        told = ", ".join(
            f"{name}: {json.dumps(old)} -> {json.dumps(new)}" for name, (old, new) in change.changes.items()
        )
        click.echo(f"{change.at:%Y-%m-%d %H:%M:%S}  {change.side} {change.version}  {change.who}  {told}")


def _show(found: Twin, as_json: bool) -> None:
    missing = delta(found.desired, found.reported)
    if as_json:
        click.echo(json.dumps({**asdict(found), "delta": missing}, default=str))
        return
    click.echo(f"desired {found.desired_version}: {json.dumps(dict(found.desired))}")
    click.echo(f"reported: {json.dumps(dict(found.reported))}")
    click.echo(f"not so yet: {json.dumps(missing)}")
    for name, reason in found.refused.items():
        click.echo(f"refused {name}: {reason}")
