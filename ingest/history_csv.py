"""CSV files of history, read in blocks of whole rows, so that reading can go on at any of their ends."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.errors import InvalidInputError
from ingest.history_pieces import PIECE_ROWS, Columns, Piece, Position
from ingest.history_rejects import Rejects

BLOCK = 1 << 22
LONGEST_ROW = 1 << 26
"""A row beyond this many bytes is a quote that was never closed."""
EMPTY_NUMBERS = ["", "nan", "NaN", "NA", "null", "NULL", "None"]
NEWLINE, QUOTE, COMMA = b'\n",'


def read_csv(path: Path, columns: Columns, rejects: Rejects, start: Position | None) -> Iterator[Piece]:
    """The rows of a CSV file (UTF-8, with a header; also packed as .gz, .bz2 or .xz) from `start` on.

    Raises InvalidInputError.
    """
    try:
        with path.open("rb") as raw, _unpacked(path, raw) as stream:
            first = stream.readline()
            header = next(csv.reader([first.decode("utf-8-sig")]), [])
            header = [column.strip() for column in header]
            names = columns.named(path.name, header)
            rejects.expect(header, names)
            here = Position(len(first), 1)
            if start is not None and start.offset > here.offset:
                here = start
                stream.seek(here.offset)
            size = path.stat().st_size or 1
            for block, rows in _blocks(path, stream):
                lines, frame = _parse(block, rows, here.line + 1, names, columns, rejects)
                here = Position(here.offset + len(block), here.line + rows)
                yield Piece(lines, columns.completed(frame), here, min(raw.tell() / size, 1.0))
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"cannot read {path}: byte 0x{error.object[error.start]:02x} is no UTF-8: save it so"
        ) from error
    except (OSError, EOFError, csv.Error, lzma.LZMAError, zlib.error) as error:
        raise InvalidInputError(f"cannot read {path}: {error}") from error


def _unpacked(path: Path, raw: BinaryIO) -> BinaryIO:
    match path.suffix.lower():
        case ".gz":
            return cast(BinaryIO, gzip.open(raw))
        case ".bz2":
            return cast(BinaryIO, bz2.open(raw))
        case ".xz":
            return cast(BinaryIO, lzma.open(raw))
    return raw


def _blocks(path: Path, stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Stretches of whole rows, and how many lines each has."""
    rest, ended = b"", False
    while rest or not ended:
        end, lines = _end_of_rows(rest)
        if not end and not ended:
            if len(rest) > LONGEST_ROW:
                raise InvalidInputError(f"cannot read {path}: a row is {len(rest):,} bytes long; is a quote left open?")
            more = stream.read(BLOCK)
            ended = not more
            rest += more
        elif not end:
            yield rest, rest.count(b"\n") + (not rest.endswith(b"\n"))
            return
        else:
            yield rest[:end], lines
            rest = rest[end:]


def _end_of_rows(data: bytes) -> tuple[int, int]:
    """Where the last of at most `PIECE_ROWS` whole lines ends that is not inside quotes, and how many lines that is."""
    characters = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(characters == NEWLINE)
    usable = np.arange(len(ends))
    if QUOTE in data:
        quotes = np.flatnonzero(characters == QUOTE)
        usable = usable[np.searchsorted(quotes, ends) % 2 == 0]
    usable = usable[:PIECE_ROWS]
    if not len(usable):
        return 0, 0
    return int(ends[usable[-1]]) + 1, int(usable[-1]) + 1


def _parse(
    block: bytes, count: int, first_line: int, names: Sequence[str], columns: Columns, rejects: Rejects
) -> tuple[pd.Index, pd.DataFrame]:
    if QUOTE not in block and _fields(block, count) == len(names) > 1:
        return pd.RangeIndex(first_line, first_line + count), _quickly(block, names, columns)
    lines, complete = [], []
    reader = csv.reader(io.StringIO(block.decode("utf-8"), newline=""))
    for row in reader:
        line = first_line - 1 + reader.line_num
        if len(row) == len(names):
            lines.append(line)
            complete.append(row)
        elif row:
            rejects.add(line, f"{len(row)} fields, the header has {len(names)}", _fitted(row, names))
    frame = pd.DataFrame(complete, columns=list(names), dtype=object)
    return pd.Index(lines, dtype="int64"), frame[[name for name in names if name]]


def _fitted(row: Sequence[str], names: Sequence[str]) -> dict[str, object]:
    """A row of another length than the header: what is too much goes to the last column, where an unquoted comma most
    often comes from."""
    fields = [*row[: len(names) - 1], ",".join(row[len(names) - 1 :])]
    return {name: text for name, text in zip(names, fields, strict=False) if name}


def _fields(block: bytes, lines: int) -> int | None:
    """How many fields each line has; None when they differ."""
    characters = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(characters == NEWLINE)
    if len(ends) < lines:
        ends = np.append(ends, len(block))
    commas: NDArray[np.int64] = np.searchsorted(np.flatnonzero(characters == COMMA), ends)
    counts = np.diff(commas, prepend=0)
    return int(counts[0]) + 1 if len(counts) and (counts == counts[0]).all() else None


def _quickly(block: bytes, names: Sequence[str], columns: Columns) -> pd.DataFrame:
    """Channels as numbers, or as texts when one of the fields is none; the numbers are those that Python reads."""
    kept = [number for number, name in enumerate(names) if name]
    numbers = [name for name in names if columns.numbers and name in columns.optional]
    for kind in (np.float64, object):
        try:
            return pd.read_csv(
                io.BytesIO(block),
                header=None,
                names=[name or f"left out {number}" for number, name in enumerate(names)],
                usecols=kept,
                dtype={name: kind if name in numbers else object for name in names if name},
                keep_default_na=False,
                na_values=dict.fromkeys(numbers, EMPTY_NUMBERS),
                quoting=csv.QUOTE_NONE,
                skip_blank_lines=False,
                encoding="utf-8",
                index_col=False,
            )
        except ValueError as error:
            if isinstance(error, UnicodeDecodeError) or kind is object:
                raise
    raise AssertionError("unreachable")
