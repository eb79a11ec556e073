"""Whether a failed write was the data's fault or the database's."""

from __future__ import annotations

import psycopg

from domain.errors import UnavailableError

# A row too big for a page or an index is reported among the operational errors, but no waiting makes it smaller.
OF_THE_DATA = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)


def is_of_the_data(error: Exception) -> bool:
    """Whether the same write would fail again in any database: something in it cannot be stored."""
    return isinstance(error, OF_THE_DATA)


def is_of_the_schema(error: Exception) -> bool:
    """Whether a table or column is missing, as it is before the migration."""
    return isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn)


def is_of_the_database(error: Exception) -> bool:
    """Whether the same write may succeed later: the database is away, full, read-only, locked or not migrated."""
    return isinstance(error, (psycopg.Error, UnavailableError)) and not is_of_the_data(error)
