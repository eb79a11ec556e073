"""`aftercare devices quarantined`, `accept` and `discard`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from aftercare import provisioning
from aftercare.cli.devices.description import describe, device_options
from aftercare.cli.devices.registry import WHO, build
from domain.errors import NotFoundError
from ingest.replay import replay_rejected
from store import quarantine
from store.migrate import require_current
from store.rejected_listing import OTHER_NAMES


@click.command(epilog="Example: aftercare devices quarantined --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def quarantined(as_json: bool) -> None:
    """Senders that are no registered devices: how much of theirs is kept, since when, until when.

    What a stranger sends is kept up to a cap; what goes beyond is dropped and counted.
    """
    application = build()
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        strangers = quarantine.list_strangers(connection)
    for one in strangers:
        if as_json:
            click.echo(json.dumps(asdict(one), default=str))
        else:
            dropped = f", {one.dropped} dropped beyond the cap" if one.dropped else ""
            click.echo(
                f"{one.sender or OTHER_NAMES}  {one.messages} messages, {one.bytes / 1024:.0f} KiB{dropped}, "
                f"{one.first_at:%Y-%m-%d %H:%M} to {one.last_at:%Y-%m-%d %H:%M}"
            )
    if not strangers and not as_json:
        click.echo("no stranger has sent anything")


@click.command(epilog="Example: aftercare devices accept press-18 --device-model compressor")
@click.argument("name")
@device_options
def accept(name: str, **fields: str) -> None:
    """Register the device NAME and store what it sent while it was a stranger."""
    application = build()
    device = describe({"name": name, **fields}, application.catalog)
    with application.database as database:
        with database.transaction() as connection:
            require_current(connection)
            provisioning.register(connection, application.catalog, device, who=WHO, now=application.clock())
        report = replay_rejected(
            database,
            application.catalog,
            application.clock,
            sender=name,
            tolerance=application.settings.clock_tolerance,
        )
    click.echo(f"{name} is registered; {report.stored} of the {report.tried} messages that were kept are stored now")


@click.command(epilog="Example: aftercare devices discard press-99")
@click.argument("name")
def discard(name: str) -> None:
    """Delete what is kept of the stranger NAME; '(other names)' is what came on topics that name no device."""
    application = build()
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        sender = "" if name == OTHER_NAMES else name
        if sender not in {one.sender for one in quarantine.list_strangers(connection)}:
            raise NotFoundError(f"{name!r} is not in quarantine: see 'aftercare devices quarantined'")
        deleted = quarantine.discard(connection, sender)
        provisioning.note(connection, "discard messages", name, who=WHO, now=application.clock())
    click.echo(f"{deleted} messages of {name} are deleted")
