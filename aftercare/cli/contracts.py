"""`aftercare contracts`: sites, warranties, service contracts and sales of devices, from files."""

from __future__ import annotations

import csv
import json
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from aftercare import wiring
from aftercare.settings import load_settings
from domain.entitlement import Contract, DeviceSale, Site, Warranty
from domain.errors import AftercareError, InvalidInputError
from service_desk.entitlement.papers import keep, keep_sale
from store import entitlement
from store.database import Connection
from store.migrate import require_current

WHO = "command line"
KINDS: Mapping[str, type[Any]] = {"site": Site, "device": DeviceSale, "warranty": Warranty, "contract": Contract}
"""In the order in which they are taken in: a contract may name a site."""
LISTS: Mapping[str, Callable[[Connection], Sequence[Any]]] = {
    "site": entitlement.list_sites,
    "warranty": entitlement.list_warranties,
    "contract": entitlement.list_contracts,
}


@click.group(epilog="Example: aftercare contracts import agreements.toml")
def contracts() -> None:
    """Sites, warranties and service contracts: who pays a repair, and when it is due."""


@contracts.command("import", epilog="Example: aftercare contracts import contracts.csv --kind contract")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(list(KINDS)), help="What the rows of a CSV file are; a TOML file says it.")
def import_file(file: Path, kind: str | None) -> None:
    """Take in a TOML FILE of [[site]], [[device]], [[warranty]] and [[contract]] tables, or a CSV file of one kind.

    All of it or nothing: what cannot be taken in is told entry by entry, and the exit code is 1. Importing a file again
    changes nothing but versions. A cell with several values has semicolons between them.
    """
    application = wiring.build(load_settings(), pool_size=1, application="aftercare contracts")
    entries = list(_from_csv(file, kind) if kind else _from_toml(file))
    problems: list[str] = []
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        for name in KINDS:
            for where, values in ((where, values) for found, where, values in entries if found == name):
                try:
                    with connection.transaction():
                        _take_in(connection, application, name, values)
                except AftercareError as error:
                    problems.append(f"{file}, {where}: {error}")
        if problems:
            connection.rollback()
    for problem in problems:
        click.echo(problem, err=True)
    counts = {name: sum(found == name for found, _, _ in entries) for name in KINDS}
    told = ", ".join(f"{count} of kind {name}" for name, count in counts.items() if count) or "nothing"
    click.echo(f"{len(problems)} rejected, so nothing is taken in" if problems else f"taken in: {told}")
    sys.exit(1 if problems else 0)


@contracts.command("list", epilog="Example: aftercare contracts list --kind warranty --json")
@click.option("--kind", type=click.Choice(list(LISTS)), default="contract", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_papers(kind: str, as_json: bool) -> None:
    """Every contract, warranty or described site with its fields."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare contracts")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        papers = LISTS[kind](connection)
    for paper in papers:
        told = {name: value for name, value in asdict(paper).items() if as_json or value not in (None, "", ())}
        line = json.dumps(told, default=str) if as_json else "  ".join(f"{k}={_word(v)}" for k, v in told.items())
        click.echo(line)
    if not papers and not as_json:
        click.echo(f"there is no {kind} yet: 'aftercare contracts import FILE' takes them in")


def _take_in(connection: Connection, application: wiring.Application, kind: str, values: Mapping[str, Any]) -> None:
    paper = read_paper(kind, values)
    if isinstance(paper, DeviceSale):
        keep_sale(connection, paper, who=WHO, now=application.clock())
    else:
        keep(connection, application.catalog, paper, who=WHO, now=application.clock())


def read_paper(kind: str, values: Mapping[str, Any]) -> Any:
    """A site, device sale, warranty or contract out of its fields. Raises InvalidInputError."""
    known = [field.name for field in fields(KINDS[kind]) if field.name != "version"]
    for name in values:
        if name not in known:
            raise InvalidInputError(f"a {kind} has no field {name!r}; it has {', '.join(known)}")
    try:
        return TypeAdapter(KINDS[kind]).validate_python(dict(values))
    except ValidationError as error:
        raise InvalidInputError(
            "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        ) from error


def _from_toml(file: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} is not TOML in UTF-8: {error}; say --kind for a CSV file") from error
    for kind, entries in document.items():
        if kind not in KINDS or not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise InvalidInputError(f"{file}: {kind!r} is none of {', '.join(f'[[{name}]]' for name in KINDS)}")
        for number, entry in enumerate(entries, 1):
            yield kind, f"{kind} {number}", entry


def _from_csv(file: Path, kind: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    several = {field.name for field in fields(KINDS[kind]) if "tuple" in str(field.type)}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            for row in rows:
                if None in row or None in row.values():
                    raise InvalidInputError(f"{file}:{rows.line_num}: it has more or fewer fields than the first line")
                cells = {name: text.strip() for name, text in row.items() if text.strip()}
                values = {name: text.split(";") if name in several else text for name, text in cells.items()}
                yield kind, f"line {rows.line_num}", values
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} is not CSV in UTF-8: {error}") from error


def _word(value: Any) -> str:
    text = ";".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
    return f'"{text}"' if " " in text else text
