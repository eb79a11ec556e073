"""Rows of history that cannot be imported, with their line numbers and the reason."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

from domain.errors import InvalidInputError

SHOWN_REJECTS = 20


@dataclass(slots=True)
class Rejects:
    """Rows of one table that cannot be imported; with a `path` all of them are written there.

    count: all of them, also those of the run that is taken up again. resumed_at: how much of the file at `path` that
    run had committed, in bytes; None begins a new one.
    """

    name: str
    path: Path | None = None
    count: int = 0
    resumed_at: int | None = None
    first: list[str] = field(default_factory=list)
    _stream: TextIO | None = None

    def add(self, line: int, reason: str, values: Sequence[object]) -> None:
        """Note one row that cannot be imported."""
        self.count += 1
        if len(self.first) < SHOWN_REJECTS:
            self.first.append(f"{self.name} line {line}: {reason}")
        if self.path is None:
            return
        if self._stream is None:
            self._stream = self._opened(self.path)
        present = len(values)
        while present and values[present - 1] == "":  # columns that the table does not have
            present -= 1
        csv.writer(self._stream).writerow([line, reason, *values[:present]])

    def _opened(self, path: Path) -> TextIO:
        try:
            stream = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise _unwritable(path, error) from error
        if not path.stat().st_size:
            csv.writer(stream).writerow(["line", "reason", "row"])
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


def _unwritable(path: Path, error: OSError) -> InvalidInputError:
    return InvalidInputError(f"cannot write rejected rows to {path}: {error}; say --rejects FOLDER")
