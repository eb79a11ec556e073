"""Prints how fast the console and the API are on a large fleet.

Example: python -m bench.console --only lists --json console.json
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from aftercare.embedded import EmbeddedPostgres, find_binaries
from aftercare.logs import configure_logging
from aftercare.settings import load_settings
from aftercare.wiring import load_catalog
from bench.console import answering, first_paint, listening
from bench.console.seed import STEPS, Size, seed
from bench.console.stage import Stage, stage
from bench.console.telemetry import catalog_folder, write_telemetry
from bench.figures import Figure, show
from domain.clock import system_clock
from domain.errors import AftercareError, ConflictError
from service_desk.demand_forecast import work_out
from store.database import Database
from store.migrate import migrate

YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Length:
    """How much is seeded, and how often is asked. seconds: of telemetry of one device, a reading a second."""

    size: Size
    seconds: int = YEAR
    repeat: int = 30
    listeners: int = 200
    alone: int = 20
    events: int = listening.HOUR_OF_EVENTS


SHORT = Length(Size(1000, 5000, 500), seconds=86_400, repeat=2, listeners=5, alone=2, events=100)
BENCHES: Mapping[str, Callable[[Stage, Length], list[Figure]]] = {
    "pages": lambda stage, length: answering.answer_pages(stage, length.repeat),
    "lists": lambda stage, length: answering.answer_lists(stage, length.repeat),
    "paint": lambda stage, length: first_paint.measure(stage, max(3, length.repeat // 3)),
    "feed": lambda stage, length: listening.measure(stage, length.listeners, length.alone, length.events),
}


@click.command()
@click.option("--only", "names", multiple=True, type=click.Choice(list(BENCHES)), help="Leave the others out.")
@click.option("--no-year", is_flag=True, help="A day of one-second telemetry in the place of a year.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the seeded server in this folder.")
@click.option("--short", is_flag=True, help="Very little of each: does it run? The figures mean nothing.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(names: Sequence[str], no_year: bool, keep: Path | None, short: bool, json_file: Path | None) -> None:
    """Print the times of pages, lists, first paints and the feed, each beside the least that is possible here."""
    configure_logging("error")
    length = SHORT if short else Length(Size(), seconds=SHORT.seconds if no_year else YEAR)
    figures: list[Figure] = []
    try:
        with _stage(keep, length) as served:
            for name in names or BENCHES:
                click.echo(f"{name} ...", err=True)
                figures += BENCHES[name](served, length)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    show("Console and API, very little of it" if short else "Console and API", figures, json_file)


@contextmanager
def _stage(keep: Path | None, length: Length) -> Iterator[Stage]:
    binaries = find_binaries(load_settings().services_dir)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = {"synchronous_commit": "off", "max_wal_size": "8GB"}
        server = stack.enter_context(
            EmbeddedPostgres(binaries, keep or folder, name="bench", throwaway=keep is None, settings=settings)
        )
        catalog_dir = catalog_folder(folder / "catalog")
        _fill(server.url_of("postgres"), catalog_dir, keep and keep / "seeded", length)
        yield stack.enter_context(stage(server.url_of("postgres"), catalog_dir))


def _fill(url: str, catalog_dir: Path, note: Path | None, length: Length) -> None:
    """Migrate, and seed unless the note says that this was done."""
    catalog, now = load_catalog(catalog_dir), system_clock()
    content = hashlib.sha256(repr((length.size, length.seconds, STEPS)).encode()).hexdigest()
    migrate(url, list(catalog.values()))
    if note is not None and note.exists():
        if note.read_text(encoding="utf-8") != content:
            raise ConflictError(f"{note.parent} was seeded with something else: remove it, or name another folder")
        return
    click.echo("seed ...", err=True)
    seed(url, catalog, length.size, now)
    with Database(url) as database:
        write_telemetry(database, catalog, length.seconds, now)
        with database.transaction() as connection:
            work_out(connection, catalog, now=now)
    if note is not None:
        note.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
