"""`aftercare lineage`: where a ticket comes from."""

from __future__ import annotations

import json
from typing import Any

import click

from aftercare import wiring
from aftercare.settings import load_settings
from service_desk.lineage import lineage_of
from store.migrate import require_current

LARGEST = 2**63 - 1


@click.command(epilog="Example: aftercare lineage 17 --json")
@click.argument("ticket", type=click.IntRange(1, LARGEST))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def lineage(ticket: int, as_json: bool) -> None:
    """Trace TICKET back: alarm, prediction, model version, training run, and the raw readings that the model saw."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare lineage")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        links = lineage_of(connection, application.catalog, ticket)
    if as_json:
        click.echo(json.dumps(links, default=str))
        return
    for name, fields in links.items():
        click.echo(f"{name.replace('_', ' ')}: {_told(fields)}")


def _told(fields: dict[str, Any] | None) -> str:
    if fields is None:
        return "none"
    return "\n".join(f"  {key.replace('_', ' ')}: {value}" for key, value in fields.items()).join(("\n", ""))
