"""The formats in which tables leave the platform: each is opened on a binary file and takes rows in batches."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import IO, Any, cast

import orjson

from domain.errors import ConfigurationError
from store.exports import Columns, Rows

Write = Callable[[Rows], None]
JSON = (dict, list)


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
    """One object a line; JSON is part of it and no text."""
    nested = [name for name, kind in columns.items() if kind in JSON]

    def line(row: tuple[Any, ...]) -> bytes:
        values = dict(zip(columns, row, strict=True))
        for name in nested:
            if values[name] is not None:
                values[name] = orjson.Fragment(values[name])
        return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)

    yield lambda rows: file.writelines(line(row) for row in rows)


@contextmanager
def write_parquet(file: IO[bytes], columns: Columns) -> Iterator[Write]:
    """One row group a batch, compressed; times are timestamps in UTC with microseconds. Raises ConfigurationError."""
    try:
        import pyarrow as pa  # half a second to import
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigurationError("Parquet is not installed here: install aftercare[parquet], or take csv") from error
    types = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), datetime: pa.timestamp("us", "UTC")}
    schema = pa.schema([(name, types.get(kind, pa.string())) for name, kind in columns.items()])

    def write(rows: Rows) -> None:
        arrays = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        yield write


def encode(form: str, columns: Columns, batches: Iterable[Rows]) -> Iterator[bytes]:
    """The file in pieces, one a batch and a last one; no more than a batch is held."""
    sink = Sink()
    with WRITERS[form](cast(IO[bytes], sink), columns) as write:
        for batch in batches:
            write(batch)
            yield sink.take()
    yield sink.take()


class Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


WRITERS: Mapping[str, Callable[[IO[bytes], Columns], AbstractContextManager[Write]]] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "jsonl": write_json_lines,
}
