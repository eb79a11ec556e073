"""History of a device model out of tables. A table that is imported again changes nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path

import pandas as pd

from domain.clock import Clock, system_clock
from domain.device import DEVICE_NAME, Device
from domain.device_model import DeviceModel
from domain.device_time import to_microseconds
from domain.errors import InvalidInputError
from domain.unmatched_events import unmatched_events
from ingest.clock_check import Horizon, endless
from ingest.history_devices import KnownDevices
from ingest.history_files import Table, name_of, read_pieces
from ingest.history_instants import Instants
from ingest.history_journal import Journal, rejects_of
from ingest.history_pieces import Columns, Piece
from ingest.history_rejects import Rejects
from ingest.history_rows import to_devices, to_events, to_readings
from store import devices as device_store
from store import events as event_store
from store import reading_batches
from store.database import Connection, Database
from store.devices import News

DEVICE_COLUMNS = ("serial", "customer", "site", "service_centre", "installed_at", "firmware")
EVENT_COLUMNS = ("code", "component", "detail")
DEFAULT_CENTRE = "main"


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    readings: new rows. merged: rows whose (device, ts) was there already, in the database or higher up in the table.
    conflicts: those of them with another value than the one that was there, which stayed. rejected: rows that could
    not be imported, the first of them told in `rejects`, all of them in `rejects_files`. known_files: files that an
    earlier import had brought in whole. unmatched: failures and repairs that the catalog file knows nothing of, by what
    they are called.
    """

    device_model: str
    devices: int = 0
    readings: int = 0
    merged: int = 0
    conflicts: int = 0
    events: int = 0
    rejected: int = 0
    rejects: list[str] = field(default_factory=list)
    rejects_files: list[Path] = field(default_factory=list)
    known_files: list[str] = field(default_factory=list)
    unmatched: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What a transaction achieved: so many rows of a table are done, which is that share of it."""

    table: str
    rows: int
    share: float


Progress = Callable[[Step], None]
"""Told after each transaction."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How tables are read.

    zone: of instants that name none. renames: what tables call a column, and what it is here. horizon: the instant
    from which on a row lies in the future and is rejected. rejects_folder: where the rejected rows of files go, beside
    the files by default. again: also files that have been imported whole.
    """

    zone: tzinfo = UTC
    renames: Mapping[str, str] = field(default_factory=dict)
    horizon: Horizon = endless
    rejects_folder: Path | None = None
    again: bool = False
    clock: Clock = system_clock

    @property
    def signature(self) -> str:
        """What of this decides how the rows of a file are read."""
        return f"{self.zone} {sorted(self.renames.items())}"


def import_history(
    database: Database,
    device_model: DeviceModel,
    *,
    readings: Table | Sequence[Table] = (),
    events: Table | Sequence[Table] = (),
    devices: Table | Sequence[Table] = (),
    options: ImportOptions | None = None,
    progress: Progress = lambda step: None,
) -> ImportReport:
    """Import devices, then readings, then events, in transactions of at most 50,000 rows.

    How far a file of readings or events has come is committed with its rows: an import that was killed goes on from
    there when it is called again. Without `devices`, the devices that readings and events name are registered with
    the service centre `main`. Raises InvalidInputError when a table cannot be read at all; single rows that make no
    sense are rejected.
    """
    started = time.monotonic()
    report = ImportReport(device_model.name)
    options = options or ImportOptions()
    if options.rejects_folder is not None:
        _require_own_names([*_listed(devices), *_listed(readings), *_listed(events)])
    run = _Import(database, device_model, report, options, progress, register=not _listed(devices))
    channels = [channel.name for channel in device_model.channels]
    attributes = [attribute.name for attribute in device_model.attributes]
    for table in _listed(devices):
        run.take(table, "devices", ("name",), (*DEVICE_COLUMNS, *attributes), run.devices)
    for table in _listed(readings):
        run.take(table, "readings", ("device", "ts"), channels, run.readings)
    for table in _listed(events):
        run.take(table, "events", ("device", "ts", "kind"), EVENT_COLUMNS, run.events)
    report.seconds = time.monotonic() - started
    return report


def _listed(tables: Table | Sequence[Table]) -> Sequence[Table]:
    return [tables] if isinstance(tables, Path | pd.DataFrame) else tables


def _require_own_names(tables: Sequence[Table]) -> None:
    names = [name_of(table) for table in tables if isinstance(table, Path)]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInputError(
                f"two files are called {name}: their rejected rows would go to one file in the folder of --rejects; "
                "import them one after the other, or without --rejects"
            )


@dataclass(frozen=True, slots=True)
class _Import:
    database: Database
    device_model: DeviceModel
    report: ImportReport
    options: ImportOptions
    progress: Progress
    register: bool

    def take(
        self,
        table: Table,
        kind: str,
        required: Sequence[str],
        optional: Sequence[str],
        store: Callable[[Connection, Piece, Rejects], None],
    ) -> None:
        """Store one table, each piece in a transaction of its own."""
        options = self.options
        columns = Columns(required, optional, numbers=kind == "readings", renames=options.renames)
        journal = Journal.of(self.database, table, self.device_model, kind, options.signature)
        if journal.complete and not options.again:
            self.report.known_files.append(name_of(table))
            return
        with rejects_of(table, options.rejects_folder, journal.state) as rejects:
            for piece in read_pieces(table, columns, rejects, journal.start):
                with self.database.transaction() as connection:
                    store(connection, piece, rejects)
                    journal.note(connection, piece.end, rejects, options.clock())
                self.progress(Step(name_of(table), piece.end.line - 1, piece.share))
            journal.finish(self.database, rejects, options.clock())
        self.report.rejected += rejects.count
        self.report.rejects += rejects.first
        if rejects.count and rejects.path is not None:
            self.report.rejects_files.append(rejects.path)

    def devices(self, connection: Connection, piece: Piece, rejects: Rejects) -> None:
        found = to_devices(piece, self.device_model, self.options.zone, rejects)
        known = device_store.find(connection, [device.name for _, device in found])
        foreign = {name: ref for name, ref in known.items() if ref.device_model != self.device_model.name}
        mine = [device for _, device in found if device.name not in foreign]
        for line, device in found:
            if device.name in foreign:
                model = foreign[device.name].device_model
                rejects.add(line, f"{device.name} is a device of model {model}", piece.row(line))
        self._save(connection, mine)
        self.report.devices += len({device.name for device in mine})

    def readings(self, connection: Connection, piece: Piece, rejects: Rejects) -> None:
        known = self._known(connection, piece.rows["device"].dropna().astype("str").unique().tolist())
        instants = Instants(self.options.zone, self.options.horizon())
        history = to_readings(piece, self.device_model, known, instants, rejects)
        written = reading_batches.write(connection, self.device_model, history.block)
        device_store.note_news(connection, {key: News(ts) for key, ts in history.block.newest().items()})
        self.report.readings += written.inserted
        self.report.merged += history.merged + written.merged
        self.report.conflicts += history.conflicts + written.conflicts

    def events(self, connection: Connection, piece: Piece, rejects: Rejects) -> None:
        found = list(to_events(piece, Instants(self.options.zone, self.options.horizon()), rejects))
        known = self._known(connection, sorted({event.device for _, event in found}))
        for line, event in found:
            if event.device not in known.ids:
                rejects.add(line, known.why_not(event.device), piece.row(line))
        ours = [(known.ids[event.device], event) for _, event in found if event.device in known.ids]
        self.report.events += event_store.insert(connection, ours)
        alike = Counter[tuple[str, str, str, str]](
            (event.kind, event.code, event.component, str(event.detail.get("failure_mode", ""))) for _, event in ours
        )
        for name, number in unmatched_events(self.device_model, alike).items():
            self.report.unmatched[name] = self.report.unmatched.get(name, 0) + number
        newest: dict[int, int] = {}
        for device_id, event in ours:
            newest[device_id] = max(to_microseconds(event.ts), newest.get(device_id, 0))
        device_store.note_news(connection, {key: News(ts) for key, ts in newest.items()})

    def _known(self, connection: Connection, names: Sequence[str]) -> KnownDevices:
        """Which of the named devices there are; unknown ones are registered first when that is wanted."""
        names = [name for name in names if DEVICE_NAME.fullmatch(name)]
        known = device_store.find(connection, names)
        new = [name for name in names if name not in known]
        if self.register and new:
            self._save(
                connection, [Device(name, self.device_model.name, service_centre=DEFAULT_CENTRE) for name in new]
            )
            self.report.devices += len(new)
            known = device_store.find(connection, names)
        mine = {name: ref.device_id for name, ref in known.items() if ref.device_model == self.device_model.name}
        return KnownDevices(mine, {name: ref.device_model for name, ref in known.items() if name not in mine})

    def _save(self, connection: Connection, devices: Sequence[Device]) -> None:
        device_store.save(connection, devices)
        components = [component.name for component in self.device_model.components]
        device_store.install_components(connection, [device.name for device in devices], components)
