"""`aftercare replay-rejected`."""

from __future__ import annotations

import click

from aftercare import wiring
from aftercare.settings import load_settings
from ingest.replay import replay_rejected as replay


@click.command("replay-rejected", epilog="Example: aftercare replay-rejected --reason 'not registered' --limit 1000")
@click.option("--reason", help="Only messages whose reason contains this text.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many messages, oldest first.")
def replay_rejected(reason: str | None, limit: int | None) -> None:
    """Store rejected messages after the cause is mended: a device registered, a catalog or a codec corrected.

    What fails again stays in rejected_messages.
    """
    settings = load_settings()
    application = wiring.build(settings)
    with application.database as database:
        report = replay(
            database,
            application.catalog,
            application.clock,
            reason=reason,
            limit=limit,
            tolerance=settings.clock_tolerance,
        )
    click.echo(f"{report.stored} of {report.tried} rejected messages are stored now")
