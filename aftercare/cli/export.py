"""`aftercare export`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from aftercare import wiring
from aftercare.cli.export_formats import WRITERS
from aftercare.settings import load_settings
from domain.errors import InvalidInputError
from store.exports import PREDICTION_COLUMNS, read_predictions
from store.migrate import require_current

STANDARD_OUTPUT = Path("-")


@click.group(epilog="Example: aftercare export predictions --device-model heat_pump --output predictions.parquet")
def export() -> None:
    """Take data out of the platform as a file."""


@export.command(epilog="Example: aftercare export predictions --since 2026-01-01 --output predictions.parquet")
@click.option("--device-model", help="Of this device model only.")
@click.option(
    "--since",
    metavar="INSTANT",
    help="As of this instant and later: ISO 8601, UTC unless it says otherwise.",
    callback=lambda _context, _option, text: _instant(text) if text else None,
)
@click.option("--format", "form", type=click.Choice(list(WRITERS)), help="Default: by the file's ending, else csv.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=STANDARD_OUTPUT,
    help="Default: standard output.",
)
def predictions(device_model: str | None, since: datetime | None, form: str | None, output: Path) -> None:
    """Predictions with their remaining useful life in hours and what drove them, in the order in which they were made.

    They are streamed, however many they are. A file appears under its name only once it is whole.
    """
    form = form or (output.suffix[1:] if output.suffix[1:] in WRITERS else "csv")
    application = wiring.build(load_settings(), pool_size=1, application="aftercare export")
    if device_model is not None and device_model not in application.catalog:
        known = ", ".join(application.catalog)
        raise InvalidInputError(f"the catalog has no device model {device_model!r}; it has {known}")
    if output == STANDARD_OUTPUT and form == "parquet":
        raise InvalidInputError("Parquet needs a file: give --output FILE")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        rows = 0
        with ExitStack() as stack:
            write = stack.enter_context(WRITERS[form](stack.enter_context(_opened(output)), PREDICTION_COLUMNS))
            for batch in read_predictions(connection, since=since, device_model=device_model):
                write(batch)
                rows += len(batch)
    click.echo(f"{rows} predictions written to {_name(output)}", err=True)


@contextmanager
def _opened(output: Path) -> Iterator[IO[bytes]]:
    """A file under another name until the block ends well; standard output as it is."""
    if output == STANDARD_OUTPUT:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(1) from None
        return
    unfinished = output.with_name(f"{output.name}.part")
    try:
        file = unfinished.open("wb")
    except OSError as error:
        raise InvalidInputError(f"cannot write {output}: {error.strerror}; choose another --output") from error
    try:
        with file:
            yield file
        unfinished.replace(output)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InvalidInputError(f"cannot write {output}: {error.strerror}; choose another --output") from error
        raise


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no instant: give for example 2026-01-31T12:00") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _name(output: Path) -> str:
    return "standard output" if output == STANDARD_OUTPUT else str(output)
