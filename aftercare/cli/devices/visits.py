"""`aftercare devices visits`."""

from __future__ import annotations

import click

from aftercare.cli.devices.registry import WHO, build
from domain.errors import InvalidInputError
from service_desk.visit_budget import limit_visits
from store.migrate import require_current


@click.command(epilog="Example: aftercare devices visits north 12")
@click.argument("service_centre")
@click.argument("visits", metavar="VISITS|unlimited")
def visits(service_centre: str, visits: str) -> None:
    """Say how many VISITS a week the technicians of SERVICE_CENTRE can make.

    When more failures are predicted, the costliest to leave get the visits and the alarms of the others are deferred,
    until the next scoring run finds room. Where technicians are known (aftercare technicians), their hours count
    instead, and no number is taken.
    """
    application = build()
    count = None if visits == "unlimited" else _count(visits)
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        limit_visits(connection, service_centre=service_centre, visits=count, who=WHO, now=application.clock())
    click.echo(f"{service_centre}: {visits} visits a week, from the next scoring run on")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InvalidInputError(f"{text!r} is no number of visits a week: give one from 0 to 999999, or unlimited")
    return int(text)
