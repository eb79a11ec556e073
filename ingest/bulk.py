"""History of a device model out of tables. A table that is imported again changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from domain.device import DEVICE_NAME, Device
from domain.device_model import DeviceModel
from ingest.codecs.timestamps import to_microseconds
from ingest.history_files import Rejects, Table, read_pieces, rejects_of
from ingest.history_rows import to_devices, to_events, to_readings
from store import devices as device_store
from store import events as event_store
from store import reading_batches
from store.database import Connection, Database
from store.devices import News

DEVICE_COLUMNS = ("serial", "customer", "site", "service_centre", "installed_at", "firmware")
DEFAULT_CENTRE = "main"


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    readings: new rows. merged: rows whose (device, ts) was there already, in the database or higher up in the table.
    conflicts: those of them with another value than the one that was there, which stayed. rejected: rows that could
    not be imported, the first of them told in `rejects`, all of them in `rejects_files`.
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
    seconds: float = 0.0


Progress = Callable[[str, int], None]
"""Told after each transaction: which table, and how many of its rows are done."""


def import_history(
    database: Database,
    device_model: DeviceModel,
    *,
    readings: Table | None = None,
    events: Table | None = None,
    devices: Table | None = None,
    progress: Progress = lambda table, rows: None,
) -> ImportReport:
    """Import devices, then readings, then events, in transactions of 50,000 rows.

    Without `devices`, the devices that readings and events name are registered with the service centre `main`.
    Raises InvalidInputError when a table cannot be read at all; single rows that make no sense are rejected.
    """
    started = time.monotonic()
    report = ImportReport(device_model.name)
    run = _Import(database, device_model, report, register=devices is None, progress=progress)
    for table, take in ((devices, run.devices), (readings, run.readings), (events, run.events)):
        if table is None:
            continue
        with rejects_of(table) as rejects:
            take(table, rejects)
        report.rejected += rejects.count
        report.rejects += rejects.first
        if rejects.count and rejects.path is not None:
            report.rejects_files.append(rejects.path)
    report.seconds = time.monotonic() - started
    return report


@dataclass(frozen=True, slots=True)
class _Import:
    database: Database
    device_model: DeviceModel
    report: ImportReport
    register: bool
    progress: Progress

    def devices(self, table: Table, rejects: Rejects) -> None:
        done = 0
        for piece in read_pieces(table, required=("name",), optional=DEVICE_COLUMNS, rejects=rejects):
            found = to_devices(piece, self.device_model, rejects)
            with self.database.transaction() as connection:
                known = device_store.find(connection, [device.name for device in found])
                foreign = {name for name, ref in known.items() if ref.device_model != self.device_model.name}
                mine = [device for device in found if device.name not in foreign]
                for name in sorted(foreign):
                    rejects.add(0, f"{name} is a device of model {known[name].device_model}", [name])
                self._save(connection, mine)
            self.report.devices += len({device.name for device in mine})
            done += len(piece.rows)
            self.progress("devices", done)

    def readings(self, table: Table, rejects: Rejects) -> None:
        channels = [channel.name for channel in self.device_model.channels]
        done = 0
        for piece in read_pieces(table, required=("device", "ts"), optional=channels, rejects=rejects):
            with self.database.transaction() as connection:
                ids = self._ids(connection, piece.rows["device"].astype(str).unique().tolist())
                history = to_readings(piece, self.device_model, ids, rejects)
                written = reading_batches.write(connection, self.device_model, history.block)
                device_store.note_news(connection, {key: News(ts) for key, ts in history.block.newest().items()})
            self.report.readings += written.inserted
            self.report.merged += history.merged + written.merged
            self.report.conflicts += history.conflicts + written.conflicts
            done += len(piece.rows)
            self.progress("readings", done)

    def events(self, table: Table, rejects: Rejects) -> None:
        columns = ("code", "component", "detail")
        done = 0
        for piece in read_pieces(table, required=("device", "ts", "kind"), optional=columns, rejects=rejects):
            found = list(to_events(piece, rejects))
            with self.database.transaction() as connection:
                ids = self._ids(connection, sorted({event.device for _, event in found}))
                for line, event in found:
                    if event.device not in ids:
                        rejects.add(line, "the device is not registered with this device model", [event.device])
                known = [(ids[event.device], event) for _, event in found if event.device in ids]
                self.report.events += event_store.insert(connection, known)
                newest: dict[int, int] = {}
                for device_id, event in known:
                    newest[device_id] = max(to_microseconds(event.ts), newest.get(device_id, 0))
                device_store.note_news(connection, {key: News(ts) for key, ts in newest.items()})
            done += len(piece.rows)
            self.progress("events", done)

    def _ids(self, connection: Connection, names: Sequence[str]) -> Mapping[str, int]:
        """Ids of the named devices of this model; unknown ones are registered first when that is wanted."""
        names = [name for name in names if DEVICE_NAME.fullmatch(name)]
        known = device_store.find(connection, names)
        new = [name for name in names if name not in known]
        if self.register and new:
            self._save(
                connection, [Device(name, self.device_model.name, service_centre=DEFAULT_CENTRE) for name in new]
            )
            self.report.devices += len(new)
            known = device_store.find(connection, names)
        return {name: ref.device_id for name, ref in known.items() if ref.device_model == self.device_model.name}

    def _save(self, connection: Connection, devices: Sequence[Device]) -> None:
        device_store.save(connection, devices)
        components = [component.name for component in self.device_model.components]
        device_store.install_components(connection, [device.name for device in devices], components)
