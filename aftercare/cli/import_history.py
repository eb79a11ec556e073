"""`aftercare import`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from aftercare import wiring
from aftercare.settings import load_settings
from domain.errors import InvalidInputError
from ingest import bulk

CSV_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    "import",
    epilog="Example: aftercare import --device-model heat_pump --readings readings.csv --events events.csv "
    "--devices devices.csv",
)
@click.option("--device-model", "name", required=True, help="A device model of the catalog.")
@click.option("--readings", type=CSV_FILE, help="CSV: device,ts and a column for each channel.")
@click.option("--events", type=CSV_FILE, help="CSV: device,ts,kind,code,component[,detail].")
@click.option(
    "--devices",
    type=CSV_FILE,
    help="CSV: name[,serial,customer,site,service_centre,installed_at,firmware]. Without it, the devices that the "
    "other files name are registered with the service centre 'main'.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def import_history(
    name: str, readings: Path | None, events: Path | None, devices: Path | None, *, as_json: bool
) -> None:
    """Import the history of a device model; importing a file again changes nothing.

    Rows that make no sense go to FILE.rejects.csv with the line number and the reason, and the exit code is 1.
    """
    if readings is events is devices is None:
        raise click.UsageError("nothing to import: give --readings, --events or --devices")
    application = wiring.build(load_settings())
    device_model = application.catalog.get(name)
    if device_model is None:
        raise InvalidInputError(f"the catalog has no device model {name!r}; it has {', '.join(application.catalog)}")
    with application.database as database, _progress() as progress:
        report = bulk.import_history(
            database, device_model, readings=readings, events=events, devices=devices, progress=progress
        )
    if as_json:
        click.echo(orjson.dumps(asdict(report), default=str))
    else:
        _print(report)
    if report.rejected:
        sys.exit(1)


def _print(report: bulk.ImportReport) -> None:
    click.echo(
        f"{report.device_model}: {report.devices} devices, {report.readings:,} new readings, {report.events:,} new "
        f"events in {report.seconds:.1f} s"
    )
    if report.merged:
        click.echo(f"{report.merged:,} readings were there already; {report.conflicts:,} of them with another value")
    for line in report.rejects:
        click.echo(f"rejected: {line}", err=True)
    if report.rejected:
        files = ", ".join(map(str, report.rejects_files))
        click.echo(f"{report.rejected:,} rows rejected, all of them in {files}", err=True)


@contextmanager
def _progress() -> Iterator[bulk.Progress]:
    """A moving line for a person, plain lines for a file."""
    if not sys.stderr.isatty():
        yield lambda table, rows: click.echo(f"{table}: {rows:,} rows", err=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("reading", total=None)
        yield lambda table, rows: display.update(task, description=f"{table}: {rows:,} rows")
