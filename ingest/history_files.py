"""Tables of history: CSV and Parquet files or data frames, in pieces that know where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from domain.errors import InvalidInputError
from ingest.history_rejects import Rejects

Table = Path | pd.DataFrame
PIECE_ROWS = 50_000
PARQUET = {".parquet", ".pq"}


@dataclass(frozen=True, slots=True)
class Position:
    """How far a table has been read. offset: bytes of the unpacked CSV file, or rows of anything else."""

    offset: int = 0
    line: int = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table. `lines` are their line numbers in the file, the header being line 1; of a Parquet file or
    a data frame the first row counts as line 2 likewise. end: where the next piece begins. share: of the table, how
    much has been read by then.
    """

    lines: pd.Index
    rows: pd.DataFrame
    end: Position = field(default_factory=Position)
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table may hold. numbers: whether the columns of `optional` are numbers. renames: what a table calls a
    column, and what it is here; an empty name leaves the column out.
    """

    required: Sequence[str]
    optional: Sequence[str]
    numbers: bool = False
    renames: Mapping[str, str] = field(default_factory=dict)

    def named(self, table: str, header: Sequence[str]) -> list[str]:
        """The header by the names of here, "" for what is left out. Raises InvalidInputError."""
        names = [self.renames.get(column, column) for column in header]
        kept = [name for name in names if name]
        missing = [column for column in self.required if column not in kept]
        if missing:
            raise InvalidInputError(
                f"{table} has no column {missing[0]!r}: its header must name {', '.join(self.required)}; "
                f"say --column THEIRS={missing[0]} when it has another name there"
            )
        unknown = [name for name in kept if name not in self.required and name not in self.optional]
        if unknown:
            raise InvalidInputError(
                f"{table} has a column {unknown[0]!r} that means nothing here: leave it out with "
                f"--column {unknown[0]}= or name it one of {', '.join((*self.required, *self.optional))}; "
                "channels come from the catalog"
            )
        if len(set(kept)) < len(kept):
            raise InvalidInputError(f"{table} names a column twice: {', '.join(kept)}")
        return names

    def completed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """With every column, empty where the table lacks it."""
        absent: Mapping[str, Any] = {column: "" for column in self.optional if column not in rows.columns}
        return rows.assign(**absent)


def name_of(table: Table) -> str:
    """How messages call a table."""
    return table.name if isinstance(table, Path) else "data frame"


def read_pieces(table: Table, columns: Columns, rejects: Rejects, start: Position | None = None) -> Iterator[Piece]:
    """The rows of a table from `start` on, with every column that `columns` names.

    Raises InvalidInputError when the table cannot be read, a required column is missing or an unknown one is there.
    """
    if isinstance(table, pd.DataFrame):
        return _read_frame(table, columns)
    if table.suffix.lower() in PARQUET:
        from ingest.history_parquet import read_parquet  # only who reads Parquet needs its library

        return read_parquet(table, columns, start)
    from ingest.history_csv import read_csv

    return read_csv(table, columns, rejects, start)


def _read_frame(table: pd.DataFrame, columns: Columns) -> Iterator[Piece]:
    names = columns.named("data frame", list(map(str, table.columns)))
    table = table.set_axis(names, axis=1)[[name for name in names if name]]
    for start in range(0, len(table), PIECE_ROWS):
        rows = table.iloc[start : start + PIECE_ROWS].reset_index(drop=True)
        done = start + len(rows)
        lines = pd.RangeIndex(start + 2, done + 2)
        yield Piece(lines, columns.completed(rows), Position(done, done + 1), done / len(table))
