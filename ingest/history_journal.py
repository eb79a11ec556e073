"""Where the import of a file is taken up, and what is noted on the way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from domain.device_model import DeviceModel
from domain.errors import InvalidInputError
from ingest.history_files import Table, name_of
from ingest.history_pieces import Position
from ingest.history_rejects import Rejects, rejects_file
from store import import_journal
from store.database import Connection, Database
from store.import_journal import ImportKey, ImportState


@dataclass(slots=True)
class Journal:
    """The journal of one table. Data frames have none, nor have devices: what is known of these changes."""

    name: str
    key: ImportKey | None = None
    state: ImportState | None = None

    @classmethod
    def of(cls, database: Database, table: Table, device_model: DeviceModel, kind: str, signature: str) -> Journal:
        """Look up how far the table has come. Raises InvalidInputError when the file cannot be read."""
        if not isinstance(table, Path) or kind == "devices":
            return cls(name_of(table))
        key = ImportKey(device_model.name, kind, _hash(table), signature)
        with database.transaction() as connection:
            return cls(table.name, key, import_journal.find(connection, key))

    @property
    def complete(self) -> bool:
        """Everything in the file was stored; rejected rows may have become good ones by a mend elsewhere."""
        return self.state is not None and self.state.finished_at is not None and not self.state.rejected

    @property
    def start(self) -> Position | None:
        """Where to go on; None at the beginning."""
        if self.state is None or self.state.finished_at is not None:
            return None
        return Position(self.state.offset, self.state.lines)

    def note(self, connection: Connection, end: Position, rejects: Rejects, at: datetime) -> None:
        """Everything before `end` is stored, as soon as this transaction is committed."""
        if self.key is not None:
            state = ImportState(end.offset, end.line, rejects.count, rejects.flush())
            import_journal.note(connection, self.key, state, file_name=self.name, at=at)
            self.state = state

    def finish(self, database: Database, rejects: Rejects, at: datetime) -> None:
        """The end was reached."""
        if self.key is not None:
            state = self.state or ImportState(0, 1, rejects.count, rejects.flush())
            with database.transaction() as connection:
                import_journal.note(connection, self.key, replace(state, finished_at=at), file_name=self.name, at=at)


def rejects_of(table: Table, folder: Path | None, state: ImportState | None) -> Rejects:
    """Where to put the rows of this table that cannot be imported: for a file into `folder`, by default its own."""
    if not isinstance(table, Path):
        return Rejects(name_of(table))
    path = (folder or table.parent) / rejects_file(table.name)
    if state is None or state.finished_at is not None:
        return Rejects(table.name, path)
    return Rejects(table.name, path, state.rejected, state.reject_bytes)


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error}") from error
