"""Cursor pagination: an opaque cursor holds the key of the last row, so rows that come or go shift no page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from domain.errors import InvalidInputError

Item = TypeVar("Item", bound=BaseModel)
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=500, description="Most items of one page")]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]


class Page(BaseModel, Generic[Item]):
    """Some items and the cursor of the next page, null on the last one."""

    items: list[Item]
    next: str | None = Field(examples=["WzQyXQ"])


def write_cursor(*key: object) -> str:
    """Pack the key of a row."""
    values = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Unpack a cursor whose key has these kinds. Raises InvalidInputError when it is not one of this list's."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return tuple(_part(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (binascii.Error, UnicodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidInputError(
            f"after={cursor!r} is not a cursor of this list: take `next` of the page before"
        ) from error


def page(
    rows: Sequence[Row],
    limit: int,
    key: Callable[[Row], Sequence[object]],
    item: type[Item],
    request: Request,
    response: Response,
) -> Page[Item]:
    """A page of rows, of which one more than `limit` was read to see whether there is a next page."""
    cursor = write_cursor(*key(rows[limit - 1])) if len(rows) > limit else None
    if cursor is not None:
        response.headers["Link"] = f'<{request.url.include_query_params(after=cursor)}>; rel="next"'
    return Page(items=[item.model_validate(row) for row in rows[:limit]], next=cursor)


def _part(value: object, kind: type) -> object:
    if kind is datetime and isinstance(value, str):
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError("no time zone")
        return instant.astimezone(UTC)
    if type(value) is not kind or (isinstance(value, int) and not 0 <= value < 2**63) or b"\x00" in str(value).encode():
        raise ValueError(f"{value!r} is not of kind {kind.__name__}")
    return value
