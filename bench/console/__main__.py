"""Prints how fast the console and the API are on a large fleet.

Example: python -m bench.console --only lists --json console.json
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from aftercare.embedded import EmbeddedPostgres, find_binaries
from aftercare.logs import configure_logging
from aftercare.settings import load_settings
from aftercare.wiring import load_catalog
from bench.console import answering, first_paint, listening
from bench.console.seed import Size, seed
from bench.console.stage import Stage, stage
from bench.figures import Figure, show
from domain.clock import system_clock
from domain.errors import AftercareError
from store.migrate import migrate


@dataclass(frozen=True, slots=True)
class Length:
    """How much is seeded, and how often is asked."""

    size: Size
    repeat: int = 30
    listeners: int = 200
    alone: int = 20
    events: int = listening.HOUR_OF_EVENTS


SHORT = Length(Size(devices=1000, alarms=5000, tickets=500), repeat=2, listeners=5, alone=2, events=100)
BENCHES: Mapping[str, Callable[[Stage, Length], list[Figure]]] = {
    "pages": lambda stage, length: answering.pages(stage, length.repeat),
    "lists": lambda stage, length: answering.lists(stage, length.repeat),
    "paint": lambda stage, length: first_paint.measure(stage, max(3, length.repeat // 3)),
    "feed": lambda stage, length: listening.measure(stage, length.listeners, length.alone, length.events),
}


@click.command()
@click.option("--only", "names", multiple=True, type=click.Choice(list(BENCHES)), help="Leave the others out.")
@click.option("--database-url", help="A database that bench.console.seed has filled; without it one is made.")
@click.option("--short", is_flag=True, help="Very little of each: does it run? The figures mean nothing.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(names: Sequence[str], database_url: str | None, short: bool, json_file: Path | None) -> None:
    """Print the times of pages, lists, first paints and the feed, each beside the least that is possible here."""
    configure_logging("error")
    length = SHORT if short else Length(Size())
    figures: list[Figure] = []
    try:
        with _seeded(database_url, length.size) as url, stage(url) as served:
            for name in names or BENCHES:
                click.echo(f"{name} ...", err=True)
                figures += BENCHES[name](served, length)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    show("Console and API, very little of it" if short else "Console and API", figures, json_file)


@contextmanager
def _seeded(database_url: str | None, size: Size) -> Iterator[str]:
    if database_url is not None:
        yield database_url
        return
    binaries, catalog = find_binaries(load_settings().services_dir), load_catalog()
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(binaries, Path(folder), name="bench", throwaway=True) as server,
    ):
        url = server.url_of("postgres")
        click.echo("seed ...", err=True)
        migrate(url, list(catalog.values()))
        seed(url, catalog, size, system_clock())
        yield url


if __name__ == "__main__":
    main()
