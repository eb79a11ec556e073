"""A COPY whose rows are taken past psycopg ends as one that psycopg reads."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from store.database import Database
from store.frames import COPY_HEADER, COPY_TRAILER, copy_out

ROW = 2 + 2 * (4 + 8)
"""Bytes of two bigint fields."""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with Database(database_url) as opened:
        yield opened


def copy(database: Database, rows: str) -> bytes:
    with database.transaction() as connection:
        return copy_out(connection, sql.SQL(f"COPY ({rows}) TO STDOUT (FORMAT binary)"), {})


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_every_row_arrives(database: Database, count: int) -> None:
    content = copy(database, f"SELECT n::int8, n::int8 FROM generate_series(1, {count}) n")
    assert len(content) == COPY_HEADER + count * ROW + COPY_TRAILER


@pytest.mark.parametrize("good_rows", [0, 1, 5000])
def test_what_breaks_off_is_the_error_of_the_database(database: Database, good_rows: int) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero, match="division by zero"):
        copy(database, f"SELECT n::int8, 1 / ({good_rows + 1} - n)::int8 FROM generate_series(1, 9000) n")
    assert len(copy(database, "SELECT 1::int8, 1::int8")) == COPY_HEADER + ROW + COPY_TRAILER
