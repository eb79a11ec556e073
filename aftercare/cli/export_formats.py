"""The formats of `aftercare export`: each is opened on a binary file and takes rows in batches."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import IO, Any

import orjson

Rows = Sequence[tuple[Any, ...]]
Columns = Mapping[str, type]
Write = Callable[[Rows], None]


@contextmanager
def write_csv(file: IO[bytes], columns: Columns) -> Iterator[Write]:
    """RFC 4180 with a header; times are ISO 8601."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    try:
        yield lambda rows: writer.writerows([_text(value) for value in row] for row in rows)
        text.flush()
    finally:
        text.detach()


@contextmanager
def write_json_lines(file: IO[bytes], columns: Columns) -> Iterator[Write]:
    """One object a line; contributions are a list and no text."""

    def line(row: tuple[Any, ...]) -> bytes:
        values = dict(zip(columns, row, strict=True))
        values["contributions"] = orjson.Fragment(values["contributions"])
        return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)

    yield lambda rows: file.writelines(line(row) for row in rows)


@contextmanager
def write_parquet(file: IO[bytes], columns: Columns) -> Iterator[Write]:
    """One row group a batch, compressed; times are timestamps in UTC with microseconds."""
    import pyarrow as pa  # half a second to import
    from pyarrow import parquet

    types = {int: pa.int64(), float: pa.float64(), str: pa.string(), datetime: pa.timestamp("us", "UTC")}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])

    def write(rows: Rows) -> None:
        arrays = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        yield write


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


WRITERS: Mapping[str, Callable[[IO[bytes], Columns], AbstractContextManager[Write]]] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "jsonl": write_json_lines,
}
