"""Named queries: each .sql file holds queries that begin with a line `-- name --` and a description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

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
