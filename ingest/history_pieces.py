"""What a piece of a table of history is, and which columns a table may have. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from domain.errors import InvalidInputError

PIECE_ROWS = 50_000
OTHER_MARKS = {";": "semicolons", "\t": "tabs", "|": "bars"}
REJECT_COLUMNS = ("line", "reason")
"""The last columns of a file of rejected rows; they say nothing of the rows, and are left out when it is imported."""


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

    def row(self, line: int) -> dict[str, object]:
        """The fields of the row with this line number."""
        return dict(self.rows.iloc[self.lines.get_loc(line)])


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
        if tuple(header[-2:]) == REJECT_COLUMNS:
            names[-2:] = ["", ""]
        kept = [name for name in names if name]
        missing = [column for column in self.required if column not in kept]
        if not any(header):
            wanted = ", ".join(self.required)
            raise InvalidInputError(f"{table} is empty, or its first line is: that line must name the columns {wanted}")
        if missing and len(header) == 1 and (other := next((mark for mark in OTHER_MARKS if mark in header[0]), "")):
            raise InvalidInputError(
                f"{table} parts its columns by {OTHER_MARKS[other]}, as its first line shows: part them by commas, "
                "with a point in numbers"
            )
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
