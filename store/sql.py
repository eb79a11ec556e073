"""Named queries: each .sql file holds queries that begin with a line `-- name --` and a description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

from psycopg import sql

from store.scope import customer_in_view

_HEADING = re.compile(r"^-- ([a-z_0-9]+) --$", re.MULTILINE)


@cache
def load(aggregate: str) -> Mapping[str, LiteralString]:
    """The queries of `store/queries/<aggregate>.sql` by name."""
    text = (files("store") / "queries" / f"{aggregate}.sql").read_text(encoding="utf-8")
    pieces = _HEADING.split(text)
    names, bodies = pieces[1::2], pieces[2::2]
    queries = {name: body.strip() for name, body in zip(names, bodies, strict=True)}
    assert len(queries) == len(names), f"a query name is used twice in {aggregate}.sql"
    return cast(Mapping[str, LiteralString], queries)


def in_view(queries: Mapping[str, LiteralString], name: str) -> LiteralString:
    """The query of that name, or the part of one; in the scope of a customer the one that customers have instead."""
    return queries[name if customer_in_view() is None else f"{name}_of_customer"]


def fitted(queries: Mapping[str, LiteralString], name: str, *parts: str) -> sql.Composed:
    """The query of that name with its `{parts}` filled in by those of these names that are in view."""
    return sql.SQL(queries[name]).format(**{part: sql.SQL(in_view(queries, part)) for part in parts})
