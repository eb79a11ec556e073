"""`aftercare technicians`: who visits devices, from files, and planned maintenance that repairs can join."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from aftercare import wiring
from aftercare.settings import load_settings
from domain.errors import AftercareError, InvalidInputError
from domain.visit import CentreKind, Technician
from service_desk.maintenance import import_maintenance
from service_desk.staff import keep_technician
from store import technicians as store_technicians
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


KINDS: Mapping[str, type[Any]] = {"centre": Centre, "technician": Technician, "maintenance": Maintenance}


@click.group(epilog="Example: aftercare technicians import technicians.toml")
def technicians() -> None:
    """Who visits devices, with skills and shifts; and planned maintenance."""


@technicians.command("import", epilog="Example: aftercare technicians import technicians.toml")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_file(file: Path) -> None:
    """Take in a TOML FILE of [[technician]], [[maintenance]] and [[centre]] tables: all of it or nothing."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare technicians")
    problems, taken = [], 0
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        for where, kind, values in _entries(file):
            try:
                with connection.transaction():
                    _take_in(connection, kind, values, application.clock())
                taken += 1
            except AftercareError as error:
                problems.append(f"{file}, {where}: {error}")
        if problems:
            connection.rollback()
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(problems)} rejected, so nothing is taken in" if problems else f"taken in: {taken}")
    sys.exit(1 if problems else 0)


@technicians.command("list", epilog="Example: aftercare technicians list --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_technicians(as_json: bool) -> None:
    """Every technician, and the hours of visits that each service centre can do in a week."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare technicians")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        known = store_technicians.list_technicians(connection).values()
        capacities = store_technicians.capacities(connection)
    for one in known:
        skills = ", ".join(one.skills) or "no skills"
        line = f"{one.technician}  {one.service_centre}  {one.hours_a_week:g} h a week  {skills}"
        click.echo(json.dumps(asdict(one), default=str) if as_json else line + ("" if one.active else "  inactive"))
    if as_json:
        return
    for capacity in capacities.values():
        click.echo(f"{capacity.service_centre}: {capacity.hours:g} h of visits a week")
    if not known:
        click.echo("there is no technician yet: 'aftercare technicians import FILE' takes them in")


def _entries(file: Path) -> list[tuple[str, str, Mapping[str, Any]]]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} is not TOML in UTF-8: {error}") from error
    for kind, entries in document.items():
        if kind not in KINDS or not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise InvalidInputError(f"{file}: {kind!r} is none of {', '.join(f'[[{name}]]' for name in KINDS)}")
    return [
        (f"{kind} {number}", kind, entry) for kind in KINDS for number, entry in enumerate(document.get(kind, []), 1)
    ]


def _take_in(connection: Connection, kind: str, values: Mapping[str, Any], now: datetime) -> None:
    known = [field.name for field in fields(KINDS[kind]) if field.name != "version"]
    for name in values:
        if name not in known:
            raise InvalidInputError(f"a {kind} has no field {name!r}; it has {', '.join(known)}")
    try:
        entry = TypeAdapter(KINDS[kind]).validate_python(dict(values))
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InvalidInputError(told) from error
    if isinstance(entry, Technician):
        keep_technician(connection, entry, who=WHO, now=now)
    elif isinstance(entry, Centre):
        store_technicians.set_centre_kind(connection, service_centre=entry.service_centre, kind=entry.kind)
    else:
        if entry.starts_at.tzinfo is None or entry.ends_at.tzinfo is None:
            raise InvalidInputError(f"maintenance {entry.reference}: its times need an offset, as 2026-03-02T08:00:00Z")
        import_maintenance(connection, **asdict(entry), who=WHO, now=now)
