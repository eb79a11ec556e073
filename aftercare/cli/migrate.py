"""`aftercare migrate`."""

from __future__ import annotations

import click

from aftercare import wiring
from aftercare.settings import load_settings
from store.migrate import migrate as migrate_database


@click.command(epilog="Example: AFTERCARE_DATABASE_URL=postgresql://me@localhost/aftercare aftercare migrate")
def migrate() -> None:
    """Bring the database to the current schema; nothing to do is success.

    Run it as the owner of the tables. With AFTERCARE_APP_PASSWORD and AFTERCARE_READ_PASSWORD it makes the roles
    aftercare_app, by which all other commands can do their work, and aftercare_read, which only reads.
    """
    settings = load_settings()
    application = wiring.build(settings)
    report = migrate_database(
        application.database.url,
        list(application.catalog.values()),
        app_password=settings.app_password,
        read_password=settings.read_password,
    )
    for name in report.applied:
        click.echo(f"applied {name}")
    for name in report.new_tables:
        click.echo(f"made table {name}")
    for name in report.new_columns:
        click.echo(f"made column {name}")
    for role in report.roles:
        click.echo(f"role {role} may log in")
    click.echo(f"{application.database.name} is current ({report.tier})")
