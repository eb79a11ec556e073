"""`aftercare migrate`."""

from __future__ import annotations

import click

from aftercare import wiring
from aftercare.settings import load_settings
from store.migrate import migrate as migrate_database


@click.command(epilog="Example: AFTERCARE_DATABASE_URL=postgresql://me@localhost/aftercare aftercare migrate")
def migrate() -> None:
    """Bring the database to the current schema; nothing to do is success."""
    application = wiring.build(load_settings())
    report = migrate_database(application.database.url, list(application.catalog.values()))
    for name in (*report.applied, *report.new_columns):
        click.echo(f"applied {name}")
    click.echo(f"{application.database.name} is current ({report.tier})")
