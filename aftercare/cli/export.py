"""`aftercare export`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click

from aftercare import wiring
from aftercare.settings import load_settings
from aftercare.table_formats import WRITERS
from aftercare.wiring import Application
from domain.clock import read_instant
from domain.errors import InvalidInputError
from store import devices as registered
from store.database import Connection
from store.exports import (
    ALARMS,
    DEVICES,
    PREDICTIONS,
    STOCK_JOURNAL,
    TICKETS,
    Columns,
    Export,
    Rows,
    read_export,
    read_readings,
    reading_columns,
)
from store.migrate import require_current

STANDARD_OUTPUT = Path("-")
Source = Callable[[Connection], tuple[Columns, Iterator[Rows]]]
"""What is written, once there is a connection."""


@click.group(epilog="Example: aftercare export predictions --device-model heat_pump --output predictions.parquet")
def export() -> None:
    """Take data out of the platform as a file: CSV, Parquet or JSON lines.

    Tables are streamed, however long they are. A file appears under its name only once it is whole.
    """


def _instant(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return read_instant(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no instant: give for example 2026-01-31T12:00") from None


def _bound(name: str, text: str, *, required: bool = False) -> Callable[..., Any]:
    hint = f"{text}: ISO 8601, UTC unless it says otherwise."
    return click.option(name, metavar="INSTANT", callback=_instant, required=required, help=hint)


SINCE, UNTIL = _bound("--since", "From this instant on"), _bound("--until", "Before this instant")
DEVICE_MODEL = click.option("--device-model", help="Of this device model only.")
FORMAT = click.option(
    "--format", "form", type=click.Choice(list(WRITERS)), help="Default: by the file's ending; csv without a file."
)
OUTPUT = click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=STANDARD_OUTPUT,
    help="Default: standard output.",
)


def _command(name: str, table: Export, text: str, *options: Callable[..., Any]) -> None:
    def run(form: str | None, output: Path, device_model: str | None = None, **wanted: Any) -> None:
        application = _application(device_model)

        def source(connection: Connection) -> tuple[Columns, Iterator[Rows]]:
            return table.columns, read_export(connection, table, device_model=device_model, **wanted)

        _write(application, source, form, output, name)

    for option in (OUTPUT, FORMAT, *reversed(options)):
        run = option(run)
    epilog = f"Example: aftercare export {name} --output {name}.parquet"
    export.command(name, help=text, epilog=epilog)(run)


_command("devices", DEVICES, "Every device by name.", DEVICE_MODEL)
_command(
    "predictions",
    PREDICTIONS,
    "Predictions with their remaining useful life in hours and what drove them, in the order in which they were made.",
    DEVICE_MODEL,
    SINCE,
    UNTIL,
)
_command("alarms", ALARMS, "Alarms by when they were raised, oldest first.", DEVICE_MODEL, SINCE, UNTIL)
_command(
    "tickets",
    TICKETS,
    "Tickets by when they were opened, oldest first, with who pays and the sum behind each.",
    DEVICE_MODEL,
    SINCE,
    UNTIL,
)
_command("stock-journal", STOCK_JOURNAL, "Every movement of stock, oldest first.", SINCE, UNTIL)


@export.command(
    epilog="Example: aftercare export readings hp-0042 --since 2026-01-01 --until 2026-02-01 --output readings.parquet"
)
@click.argument("device")
@_bound("--since", "From this instant on", required=True)
@_bound("--until", "Before this instant", required=True)
@FORMAT
@OUTPUT
def readings(device: str, since: datetime, until: datetime, form: str | None, output: Path) -> None:
    """The readings of DEVICE as it sent them, oldest first, a column for each channel."""
    application = _application()

    def source(connection: Connection) -> tuple[Columns, Iterator[Rows]]:
        name = registered.get(connection, device).device.device_model
        model = application.catalog.get(name)
        if model is None:
            raise InvalidInputError(f"device {device!r} is a {name}, which is not in the catalog")
        rows = read_readings(connection, model, device=device, since=since, until=until)
        return reading_columns(model), rows

    _write(application, source, form, output, "readings")


def _application(device_model: str | None = None) -> Application:
    application = wiring.build(load_settings(), pool_size=1, application="aftercare export")
    if device_model is not None:
        application.device_model(device_model)
    return application


def _write(application: Application, source: Source, form: str | None, output: Path, what: str) -> None:
    form = form or _form_of(output)
    if output == STANDARD_OUTPUT and form == "parquet":
        raise InvalidInputError("Parquet needs a file: give --output FILE")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        columns, batches = source(connection)
        rows = 0
        with ExitStack() as stack:
            write = stack.enter_context(WRITERS[form](stack.enter_context(_opened(output)), columns))
            for batch in batches:
                write(batch)
                rows += len(batch)
    click.echo(f"{rows} {what} written to {_name(output)}", err=True)


def _form_of(output: Path) -> str:
    """What the file's ending says. Raises InvalidInputError when it says nothing."""
    form = "csv" if output == STANDARD_OUTPUT else output.suffix[1:].lower()
    if form not in WRITERS:
        known = ", ".join(f".{form}" for form in WRITERS)
        raise InvalidInputError(f"{output} ends in none of {known}: name it so, or say --format {'|'.join(WRITERS)}")
    return form


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


def _name(output: Path) -> str:
    return "standard output" if output == STANDARD_OUTPUT else str(output)
