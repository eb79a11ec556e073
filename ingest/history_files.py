"""Tables of history: CSV and Parquet files or data frames, in pieces that know where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ingest.history_csv import read_csv
from ingest.history_parquet import read_parquet
from ingest.history_pieces import PIECE_ROWS, Columns, Piece, Position
from ingest.history_rejects import Rejects

Table = Path | pd.DataFrame
PARQUET = {".parquet", ".pq"}


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
        return read_parquet(table, columns, rejects, start)
    return read_csv(table, columns, rejects, start)


def _read_frame(table: pd.DataFrame, columns: Columns) -> Iterator[Piece]:
    names = columns.named("data frame", list(map(str, table.columns)))
    table = table.set_axis(names, axis=1)[[name for name in names if name]]
    for start in range(0, len(table), PIECE_ROWS):
        rows = table.iloc[start : start + PIECE_ROWS].reset_index(drop=True)
        done = start + len(rows)
        lines = pd.RangeIndex(start + 2, done + 2)
        yield Piece(lines, columns.completed(rows), Position(done, done + 1), done / len(table))
