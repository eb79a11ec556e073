"""`aftercare replay-rejected`."""

from __future__ import annotations

import sys

import click

from aftercare import wiring
from aftercare.settings import load_settings
from domain.payload_text import on_one_line, printable
from ingest.replay import replay_rejected as replay
from store.rejected_listing import OTHER_NAMES

REASONS_SHOWN = 20


@click.command("replay-rejected", epilog="Example: aftercare replay-rejected --reason 'not registered' --limit 1000")
@click.option("--reason", help="Only messages whose reason contains this text.")
@click.option("--device", help="Only messages on topics of this device.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many messages, oldest first.")
def replay_rejected(reason: str | None, device: str | None, limit: int | None) -> None:
    """Store rejected messages after the cause is mended: a device registered, a catalog or a codec corrected.

    What fails again is told by its reasons, and waits on: see 'aftercare rejected'. The exit code is 0 when everything
    that was tried is stored, and 1 when something is not.
    """
    settings = load_settings()
    application = wiring.build(settings)
    with application.database as database:
        report = replay(
            database,
            application.catalog,
            application.clock,
            reason=reason,
            sender="" if device == OTHER_NAMES else device,
            limit=limit,
            tolerance=settings.clock_tolerance,
        )
    click.echo(f"{report.stored:,} of {report.tried:,} rejected messages are stored now")
    for why, count in report.reasons.most_common(REASONS_SHOWN):
        click.echo(f"{count:,} not: {on_one_line(printable(why))}", err=True)
    if len(report.reasons) > REASONS_SHOWN:
        click.echo(f"and {len(report.reasons) - REASONS_SHOWN} more reasons: see 'aftercare rejected'", err=True)
    sys.exit(1 if report.failed else 0)
