"""`aftercare import`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from glob import glob, has_magic
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from aftercare import wiring
from aftercare.settings import load_settings
from domain.business_hours import find_zone
from domain.errors import InvalidInputError
from domain.unmatched_events import tell_unmatched
from ingest import bulk
from ingest.clock_check import horizon_of
from ingest.history_rejects import REJECTS_FILE
from store.migrate import require_current

LINE_EVERY = 5.0
"""Seconds between lines where there is no terminal to draw a bar on."""


def _files(context: click.Context, parameter: click.Parameter, patterns: Sequence[str]) -> list[Path]:
    """Every file that is named, or that a pattern names, in order and once."""
    found = []
    for pattern in patterns:
        names = sorted(glob(pattern, recursive=True)) if has_magic(pattern) else [pattern]  # noqa: PTH207
        files = [Path(name) for name in names if Path(name).is_file()]
        if has_magic(pattern):  # 'readings-*.csv' of every night does not mean what it rejected the night before
            files = [file for file in files if not REJECTS_FILE.fullmatch(file.name)]
        if not files:
            raise click.BadParameter(f"there is no file {pattern}", context, parameter)
        found += files
    return list(dict.fromkeys(found))


def _zone(context: click.Context, parameter: click.Parameter, name: str) -> ZoneInfo:
    try:
        return find_zone(name)
    except InvalidInputError as error:
        raise click.BadParameter(f"{name!r} is no time zone such as Europe/Berlin", context, parameter) from error


def _renames(context: click.Context, parameter: click.Parameter, pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        if not pair.partition("=")[0] or "=" not in pair:
            raise click.BadParameter(f"{pair!r} is not THEIRS=OURS", context, parameter)
    return {theirs.strip(): ours.strip() for theirs, _, ours in (pair.partition("=") for pair in pairs)}


@click.command(
    "import",
    epilog="Example: aftercare import --device-model heat_pump --readings 'readings-*.csv' --events events.csv "
    "--devices devices.csv",
)
@click.option("--device-model", "name", required=True, help="A device model of the catalog.")
@click.option(
    "--readings", multiple=True, callback=_files, help="CSV or Parquet: device,ts and a column for each channel."
)
@click.option(
    "--events", multiple=True, callback=_files, help="CSV or Parquet: device,ts,kind[,code,component,detail]."
)
@click.option(
    "--devices",
    multiple=True,
    callback=_files,
    help="CSV or Parquet: name[,serial,customer,site,service_centre,installed_at,firmware] and the catalog's "
    "attributes. Without it, the devices that the other files name are registered with the service centre 'main'.",
)
@click.option("--timezone", "zone", default="UTC", callback=_zone, help="Of instants that name none. Default: UTC.")
@click.option(
    "--column",
    "renames",
    multiple=True,
    callback=_renames,
    metavar="THEIRS=OURS",
    help="What the files call a column, and what it is here; 'THEIRS=' leaves it out.",
)
@click.option(
    "--rejects",
    "rejects_folder",
    type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
    help="Folder for rejected rows. Default: beside each file.",
)
@click.option("--again", is_flag=True, help="Read files once more that were imported whole before.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def import_history(
    name: str,
    readings: list[Path],
    events: list[Path],
    devices: list[Path],
    zone: ZoneInfo,
    renames: dict[str, str],
    rejects_folder: Path | None,
    *,
    again: bool,
    as_json: bool,
) -> None:
    """Import the history of a device model; importing a file again changes nothing.

    Each option takes a file or a pattern, and may be given several times. An import that was interrupted goes on where
    it was when it is started again. Rows that make no sense go to FILE.rejects.csv with the line number and the reason,
    and the exit code is 1. That file can be mended and imported itself, by its name; a pattern leaves it out.
    """
    if not (readings or events or devices):
        raise click.UsageError("nothing to import: give --readings, --events or --devices")
    settings = load_settings()
    application = wiring.build(settings)
    device_model = application.device_model(name)
    options = bulk.ImportOptions(
        zone=zone,
        renames=renames,
        horizon=horizon_of(application.clock, settings.clock_tolerance),
        rejects_folder=rejects_folder,
        again=again,
        clock=application.clock,
    )
    with application.database as database, _progress() as progress:
        with database.transaction() as connection:
            require_current(connection, [device_model])
        report = bulk.import_history(
            database,
            device_model,
            readings=readings,
            events=events,
            devices=devices,
            options=options,
            progress=progress,
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
    if report.known_files:
        names = ", ".join(report.known_files)
        click.echo(f"imported before, left out now: {names}; --again reads them once more")
    if report.merged:
        click.echo(f"{report.merged:,} readings were there already; {report.conflicts:,} of them with another value")
    if unmatched := tell_unmatched(report.unmatched):
        click.echo(unmatched, err=True)
    for line in report.rejects:
        click.echo(f"rejected: {line}", err=True)
    if report.rejected:
        files = ", ".join(map(str, report.rejects_files))
        click.echo(f"{report.rejected:,} rows rejected, all of them in {files}", err=True)


@contextmanager
def _progress() -> Iterator[bulk.Progress]:
    """A moving bar for a person, plain lines for a file."""
    if not sys.stderr.isatty():
        yield _Lines().tell
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("reading", total=1.0)

        def draw(step: bulk.Step) -> None:
            display.update(task, completed=step.share, description=f"{step.table}: {step.rows:,} rows")

        yield draw


class _Lines:
    """The end of each table, and a sign of life on the way."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def tell(self, step: bulk.Step) -> None:
        if step.share < 1 and time.monotonic() < self._told + LINE_EVERY:
            return
        self._told = time.monotonic()
        click.echo(f"{step.table}: {step.rows:,} rows, {step.share:.0%}", err=True)
