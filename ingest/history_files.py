"""Tables of history: a CSV file with a header or a data frame, in pieces that know their line numbers."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import pandas as pd

from domain.errors import InvalidInputError

Table = Path | pd.DataFrame
PIECE_ROWS = 50_000
SHOWN_REJECTS = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table. `lines` are their line numbers in the file, the header being line 1."""

    lines: pd.Index
    rows: pd.DataFrame


@dataclass(slots=True)
class Rejects:
    """Rows that cannot be imported. Those of a file are written beside it, to `<file>.rejects.csv`."""

    source: Path | None
    count: int = 0
    first: list[str] = field(default_factory=list)
    _stream: TextIO | None = None

    @property
    def path(self) -> Path | None:
        return self.source.with_name(self.source.name + ".rejects.csv") if self.source else None

    def add(self, line: int, reason: str, values: Sequence[object]) -> None:
        """Note one row that cannot be imported."""
        self.count += 1
        if len(self.first) < SHOWN_REJECTS:
            self.first.append(f"{self.source.name if self.source else 'data frame'} line {line}: {reason}")
        if self.path is None:
            return
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8", newline="")
            csv.writer(self._stream).writerow(["line", "reason", "row"])
        present = len(values)
        while present and values[present - 1] == "":  # columns that the table does not have
            present -= 1
        csv.writer(self._stream).writerow([line, reason, *values[:present]])

    def __enter__(self) -> Rejects:
        if self.path is not None:
            self.path.unlink(missing_ok=True)  # of an earlier run
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._stream is not None:
            self._stream.close()


def name_of(table: Table) -> str:
    """How messages call a table."""
    return table.name if isinstance(table, Path) else "data frame"


def rejects_of(table: Table) -> Rejects:
    """Where to put the rows of this table that cannot be imported."""
    return Rejects(table if isinstance(table, Path) else None)


def read_pieces(table: Table, *, required: Sequence[str], optional: Sequence[str], rejects: Rejects) -> Iterator[Piece]:
    """The rows of a table, with every column of `required` and `optional` (empty where the table lacks it).

    Raises InvalidInputError when a required column is missing or an unknown one is there.
    """
    if isinstance(table, pd.DataFrame):
        _check_header(name_of(table), list(map(str, table.columns)), required, optional)
        for start in range(0, len(table), PIECE_ROWS):
            rows = table.iloc[start : start + PIECE_ROWS].reset_index(drop=True)
            yield Piece(pd.RangeIndex(start + 2, start + 2 + len(rows)), _complete(rows, optional))
        return
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            yield from _read_csv(table.name, stream, required, optional, rejects)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"cannot read {table}: {error}") from error


def _read_csv(
    name: str, stream: TextIO, required: Sequence[str], optional: Sequence[str], rejects: Rejects
) -> Iterator[Piece]:
    reader = csv.reader(stream)
    header = [column.strip() for column in next(reader, [])]
    _check_header(name, header, required, optional)
    while rows := list(itertools.islice(((reader.line_num, row) for row in reader if row), PIECE_ROWS)):
        complete = []
        for line, row in rows:
            if len(row) == len(header):
                complete.append((line, row))
            else:
                rejects.add(line, f"{len(row)} fields, the header has {len(header)}", row)
        frame = pd.DataFrame([row for _, row in complete], columns=header, dtype=object)
        yield Piece(pd.Index([line for line, _ in complete], dtype="int64"), _complete(frame, optional))


def _check_header(name: str, header: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    missing = [column for column in required if column not in header]
    if missing:
        raise InvalidInputError(f"{name} has no column {missing[0]!r}: its header must name {', '.join(required)}")
    unknown = [column for column in header if column not in required and column not in optional]
    if unknown:
        raise InvalidInputError(
            f"{name} has a column {unknown[0]!r} that means nothing here: remove it or name it one of "
            f"{', '.join((*required, *optional))}; channels come from the catalog"
        )
    if len(set(header)) < len(header):
        raise InvalidInputError(f"{name} names a column twice: {', '.join(header)}")


def _complete(rows: pd.DataFrame, optional: Sequence[str]) -> pd.DataFrame:
    absent: Mapping[str, Any] = {column: "" for column in optional if column not in rows.columns}
    return rows.assign(**absent)
