"""Files of entries of several kinds that a command takes in: all of them, or none and why."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

import click
from pydantic import TypeAdapter, ValidationError

from domain.errors import AftercareError, InvalidInputError
from store.database import Connection, Database
from store.migrate import require_current

Kinds = Mapping[str, type[Any]]
"""The dataclass of each kind, in the order in which they are taken in: an entry may name one of an earlier kind."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands in the file, and where."""

    kind: str
    where: str
    values: Mapping[str, Any]


def read_toml(file: Path, kinds: Kinds, otherwise: str = "") -> list[Entry]:
    """The entries of a TOML file. otherwise: what to do when it is none. Raises InvalidInputError."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} is not TOML in UTF-8: {error}{otherwise}") from error
    for kind, entries in document.items():
        if kind not in kinds or not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise InvalidInputError(f"{file}: {kind!r} is none of {', '.join(f'[[{name}]]' for name in kinds)}")
    return [
        Entry(kind, f"{kind} {number}", values)
        for kind, entries in document.items()
        for number, values in enumerate(entries, 1)
    ]


def take_in(
    database: Database, kinds: Kinds, file: Path, entries: Sequence[Entry], keep: Callable[[Connection, Any], object]
) -> list[str]:
    """Give each entry to `keep`, kind by kind, in one transaction; returns what was wrong, and then nothing is kept."""
    problems: list[str] = []
    with database.transaction() as connection:
        require_current(connection)
        for entry in (one for kind in kinds for one in entries if one.kind == kind):
            try:
                with connection.transaction():
                    keep(connection, _read(kinds, entry))
            except AftercareError as error:
                problems.append(f"{file}, {entry.where}: {error}")
        if problems:
            connection.rollback()
    return problems


def tell(problems: Sequence[str], taken: str) -> NoReturn:
    """End the command, with 1 when there are problems."""
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(problems)} rejected, so nothing is taken in" if problems else f"taken in: {taken}")
    sys.exit(1 if problems else 0)


def _read(kinds: Kinds, entry: Entry) -> Any:
    known = [field.name for field in fields(kinds[entry.kind]) if field.name != "version"]
    for name in entry.values:
        if name not in known:
            raise InvalidInputError(f"a {entry.kind} has no field {name!r}; it has {', '.join(known)}")
    try:
        return TypeAdapter(kinds[entry.kind]).validate_python(dict(entry.values))
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InvalidInputError(told) from error
