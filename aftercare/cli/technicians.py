"""`aftercare technicians`: who visits devices, from files, and planned maintenance that repairs can join."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from aftercare import wiring
from aftercare.cli.entry_file import Kinds, read_toml, take_in, tell
from aftercare.settings import load_settings
from domain.errors import InvalidInputError
from domain.visit import CentreKind, Technician
from service_desk.maintenance import import_maintenance
from service_desk.staff import keep_technician
from store import technicians as store_technicians
from store import visit_budget
from store.database import Connection
from store.migrate import require_current

WHO = "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A planned visit, by the number that it has where it was planned."""

    device: str
    reference: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Whether a service centre is authorised."""

    service_centre: str
    kind: CentreKind


KINDS: Kinds = {"centre": Centre, "technician": Technician, "maintenance": Maintenance}


@click.group(epilog="Example: aftercare technicians import technicians.toml")
def technicians() -> None:
    """Who visits devices, with skills and shifts; and planned maintenance."""


@technicians.command("import", epilog="Example: aftercare technicians import technicians.toml")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_file(file: Path) -> None:
    """Take in a TOML FILE of [[technician]], [[maintenance]] and [[centre]] tables: all of it or nothing."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare technicians")
    entries = read_toml(file, KINDS)
    with application.database as database:
        problems = take_in(database, KINDS, file, entries, partial(_keep, now=application.clock()))
    tell(problems, str(len(entries)))


@technicians.command("list", epilog="Example: aftercare technicians list --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_technicians(as_json: bool) -> None:
    """Every technician, and what each service centre can do in a week."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare technicians")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        known = store_technicians.list_technicians(connection).values()
        capacities = visit_budget.capacities(connection)
    for one in known:
        skills = ", ".join(one.skills) or "no skills"
        line = f"{one.technician}  {one.service_centre}  {one.hours_a_week:g} h a week  {skills}"
        click.echo(json.dumps(asdict(one), default=str) if as_json else line + ("" if one.active else "  inactive"))
    if as_json:
        return
    for capacity in capacities.values():
        told = f"{capacity.visits} visits" if capacity.hours is None else f"{capacity.hours:g} h of visits"
        click.echo(f"{capacity.service_centre}: {told} a week")
    if not known:
        click.echo("there is no technician yet: 'aftercare technicians import FILE' takes them in")


def _keep(connection: Connection, entry: Any, *, now: datetime) -> None:
    if isinstance(entry, Technician):
        keep_technician(connection, entry, who=WHO, now=now)
    elif isinstance(entry, Centre):
        store_technicians.set_centre_kind(connection, service_centre=entry.service_centre, kind=entry.kind)
    else:
        if entry.starts_at.tzinfo is None or entry.ends_at.tzinfo is None:
            raise InvalidInputError(f"maintenance {entry.reference}: its times need an offset, as 2026-03-02T08:00:00Z")
        import_maintenance(connection, **asdict(entry), who=WHO, now=now)
