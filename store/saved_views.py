"""Filters of console pages that users gave names; each user sees their own."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from domain.errors import ConflictError, NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("saved_views")
MOST = 100


@dataclass(frozen=True, slots=True)
class SavedView:
    """A name for what stands behind the question mark of a page's address."""

    saved_view_id: int
    name: str
    query: str


def list_views(connection: Connection, *, user_id: int, page: str) -> list[SavedView]:
    """A user's views of a page, by name."""
    with connection.cursor(row_factory=class_row(SavedView)) as cursor:
        return cursor.execute(SQL["list"], {"user_id": user_id, "page": page}).fetchall()


def save(connection: Connection, *, user_id: int, page: str, name: str, query: str) -> None:
    """Keep a view, or change the one of that name. Raises ConflictError when the user has 100 already."""
    values = {"user_id": user_id, "page": page, "name": name, "query": query}
    connection.execute(SQL["save"], values)
    [(views,)] = connection.execute(SQL["count"], values)
    if views > MOST:
        raise ConflictError(f"{MOST} views are saved already: remove one that is not used")


def remove(connection: Connection, *, user_id: int, saved_view_id: int) -> None:
    """Raises NotFoundError for a view that is not this user's."""
    if not connection.execute(SQL["remove"], {"user_id": user_id, "saved_view_id": saved_view_id}).rowcount:
        raise NotFoundError("this view is removed already")
