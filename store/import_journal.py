"""How far the import of each file has come, committed with its rows: an import that was killed goes on from there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.database import Connection
from store.sql import load

SQL = load("import_journal")


@dataclass(frozen=True, slots=True)
class ImportKey:
    """Which import is meant: the content of a file (SHA-256), and the options that decide how it is read."""

    device_model: str
    kind: str
    sha256: str
    options: str


@dataclass(frozen=True, slots=True)
class ImportState:
    """offset, lines: how much of the file is stored, as its reader counts. rejected: rows that could not be, and
    reject_bytes: how long the file was that holds them. finished_at: when the end was reached; None before it.
    """

    offset: int
    lines: int
    rejected: int
    reject_bytes: int
    finished_at: datetime | None = None


def find(connection: Connection, key: ImportKey) -> ImportState | None:
    """How far that import has come; None when it has not begun."""
    row = connection.execute(SQL["find"], _parameters(key)).fetchone()
    return ImportState(*row) if row else None


def note(connection: Connection, key: ImportKey, state: ImportState, *, file_name: str, at: datetime) -> None:
    """Note how far the import has come, in the transaction that stores the rows."""
    connection.execute(
        SQL["note"],
        {
            **_parameters(key),
            "file_name": file_name,
            "offset": state.offset,
            "lines": state.lines,
            "rejected": state.rejected,
            "reject_bytes": state.reject_bytes,
            "finished_at": state.finished_at,
            "at": at,
        },
    )


def _parameters(key: ImportKey) -> dict[str, str]:
    return {"device_model": key.device_model, "kind": key.kind, "sha256": key.sha256, "options": key.options}
