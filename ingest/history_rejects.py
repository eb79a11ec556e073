"""Rows of history that cannot be imported, in a file that can be mended and imported itself."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

import orjson

from domain.errors import InvalidInputError
from ingest.history_pieces import REJECT_COLUMNS

REJECTS_FILE = re.compile(r"(?P<of>.+)\.rejects(?:\.(?P<number>[0-9]+))?\.csv")
SHOWN_REJECTS = 20


@dataclass(slots=True)
class Rejects:
    """Rows of one table that cannot be imported; with a `path` all of them are written there: the columns of the table
    by its own names, then the line and the reason.

    count: all of them, also those of the run that is taken up again. resumed_at: how much of the file at `path` that
    run had committed, in bytes; None begins a new one.
    """

    name: str
    path: Path | None = None
    count: int = 0
    resumed_at: int | None = None
    first: list[str] = field(default_factory=list)
    _columns: Mapping[str, str] = field(default_factory=dict)
    _stream: TextIO | None = None

    def expect(self, header: Sequence[str], names: Sequence[str]) -> None:
        """The table has these columns, which are `names` here, "" for what is left out."""
        self._columns = {ours: theirs for theirs, ours in zip(header, names, strict=True) if ours}

    def add(self, line: int, reason: str, row: Mapping[str, object]) -> None:
        """Note one row that cannot be imported, its fields by the names of here."""
        self.count += 1
        if len(self.first) < SHOWN_REJECTS:
            self.first.append(f"{self.name} line {line}: {reason}")
        if self.path is None:
            return
        if self._stream is None:
            self._stream = self._opened(self.path)
        fields = [_field(row.get(ours, "")) for ours in self._columns]
        csv.writer(self._stream, lineterminator="\n").writerow([*fields, line, reason])

    def _opened(self, path: Path) -> TextIO:
        try:
            stream = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise _unwritable(path, error) from error
        if not path.stat().st_size:
            csv.writer(stream, lineterminator="\n").writerow([*self._columns.values(), *REJECT_COLUMNS])
        return stream

    def flush(self) -> int:
        """Write out what was added; returns how many bytes the file has."""
        if self._stream is not None:
            self._stream.flush()
        return self.path.stat().st_size if self.path is not None and self.path.exists() else 0

    def __enter__(self) -> Rejects:
        if self.path is None or not self.path.exists():
            return self
        try:
            if self.resumed_at is None:
                self.path.unlink()  # of an earlier run
            else:
                with self.path.open("r+b") as stream:
                    stream.truncate(min(self.resumed_at, self.path.stat().st_size))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._stream is not None:
            self._stream.close()


def rejects_file(name: str) -> str:
    """Where the rejected rows of the file `name` go; those of such a file itself into the next one, so that none is
    overwritten while it is read."""
    earlier = REJECTS_FILE.fullmatch(name)
    return f"{earlier['of']}.rejects.{int(earlier['number'] or 1) + 1}.csv" if earlier else f"{name}.rejects.csv"


def _field(value: object) -> object:
    """As it is read again: what is missing is empty, and an object is JSON."""
    if isinstance(value, float) and math.isnan(value):
        return ""
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


def _unwritable(path: Path, error: OSError) -> InvalidInputError:
    return InvalidInputError(f"cannot write rejected rows to {path}: {error}; say --rejects FOLDER")
