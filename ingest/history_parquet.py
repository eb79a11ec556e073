"""Parquet files of history, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from domain.errors import ConfigurationError, InvalidInputError
from ingest.history_pieces import PIECE_ROWS, Columns, Piece, Position
from ingest.history_rejects import Rejects


def read_parquet(path: Path, columns: Columns, rejects: Rejects, start: Position | None) -> Iterator[Piece]:
    """The rows of a Parquet file from `start` on. Raises InvalidInputError, and ConfigurationError without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigurationError(
            f"{path} is a Parquet file, and reading it needs pyarrow: pip install 'aftercare[parquet]'"
        ) from error
    try:
        with parquet.ParquetFile(path) as file:
            names = columns.named(path.name, file.schema_arrow.names)
            rejects.expect(file.schema_arrow.names, names)
            yield from _read(file, columns, names, start.offset if start else 0)
    except (OSError, pyarrow.ArrowException) as error:
        raise InvalidInputError(f"cannot read {path}: {error}") from error


def _read(file: Any, columns: Columns, names: Sequence[str], start: int) -> Iterator[Piece]:
    total, begin = file.metadata.num_rows, 0
    wanted = [theirs for theirs, ours in zip(file.schema_arrow.names, names, strict=True) if ours]
    for group in range(file.num_row_groups):
        length = file.metadata.row_group(group).num_rows
        if begin + length > start:
            for batch in file.iter_batches(PIECE_ROWS, row_groups=[group], columns=wanted):
                skipped = min(max(start - begin, 0), len(batch))
                done = begin + len(batch)
                if skipped < len(batch):
                    rows = batch.slice(skipped).to_pandas().set_axis([name for name in names if name], axis=1)
                    lines = pd.RangeIndex(begin + skipped + 2, done + 2)
                    yield Piece(lines, columns.completed(rows), Position(done, done + 1), done / total)
                begin = done
        else:
            begin += length
