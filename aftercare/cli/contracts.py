"""`aftercare contracts`: sites, warranties, service contracts and sales of devices, from files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import click

from aftercare import wiring
from aftercare.cli.entry_file import Entry, Kinds, read_toml, take_in, tell
from aftercare.settings import load_settings
from domain.entitlement import Contract, DeviceSale, Site, Warranty
from domain.errors import InvalidInputError
from service_desk.entitlement.papers import keep, keep_sale
from store import entitlement
from store.database import Connection
from store.migrate import require_current

WHO = "command line"
KINDS: Kinds = {"site": Site, "device": DeviceSale, "warranty": Warranty, "contract": Contract}
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
    entries = list(_from_csv(file, kind)) if kind else read_toml(file, KINDS, otherwise="; say --kind for a CSV file")
    with application.database as database:
        problems = take_in(database, KINDS, file, entries, partial(_keep, application=application))
    counts = {name: sum(entry.kind == name for entry in entries) for name in KINDS}
    tell(problems, ", ".join(f"{count} of kind {name}" for name, count in counts.items() if count) or "nothing")


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


def _keep(connection: Connection, paper: Any, *, application: wiring.Application) -> None:
    if isinstance(paper, DeviceSale):
        keep_sale(connection, paper, who=WHO, now=application.clock())
    else:
        keep(connection, application.catalog, paper, who=WHO, now=application.clock())


def _from_csv(file: Path, kind: str) -> Iterator[Entry]:
    several = {field.name for field in fields(KINDS[kind]) if "tuple" in str(field.type)}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            for row in rows:
                if None in row or None in row.values():
                    raise InvalidInputError(f"{file}:{rows.line_num}: it has more or fewer fields than the first line")
                cells = {name: text.strip() for name, text in row.items() if text.strip()}
                values = {name: text.split(";") if name in several else text for name, text in cells.items()}
                yield Entry(kind, f"line {rows.line_num}", values)
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} is not CSV in UTF-8: {error}") from error


def _word(value: Any) -> str:
    text = ";".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
    return f'"{text}"' if " " in text else text
