"""What every call of the client does: fill in the address, ask, and give the answer its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from aftercare.client.connection import Connection

Record = TypeVar("Record")
PAGE = 500


@dataclass(frozen=True, slots=True)
class Calls:
    """Over one connection. `names` fill in the path."""

    connection: Connection

    def each(self, path: str, kind: type[Record], **query: Any) -> Iterator[Record]:
        """A list, page by page, to its end."""
        asked = as_query({**query, "limit": PAGE})
        while True:
            answer = self.connection.request("GET", path, params=asked).json()
            yield from (msgspec.convert(item, kind) for item in answer["items"])
            if answer["next"] is None:
                return
            asked["after"] = answer["next"]

    def get(self, path: str, kind: type[Record], *, query: Mapping[str, Any] | None = None, **names: Any) -> Record:
        """One thing, or a list that has no pages."""
        return _read(self.connection.request("GET", _filled(path, names), params=as_query(query or {})), kind)

    def content(self, path: str, **names: Any) -> bytes:
        """A file."""
        return bytes(self.connection.request("GET", _filled(path, names)).content)

    def post(
        self, path: str, kind: type[Record], body: Mapping[str, Any] | None = None, if_match: str = "", **names: Any
    ) -> Record:
        """A change, and what it made of its object."""
        return self._change("POST", _filled(path, names), kind, body, if_match)

    def put(self, path: str, kind: type[Record], body: Mapping[str, Any], if_match: str = "") -> Record:
        """Something stored whole."""
        return self._change("PUT", path, kind, body, if_match)

    def _change(
        self, method: str, address: str, kind: type[Record], body: Mapping[str, Any] | None, if_match: str
    ) -> Record:
        headers = {"If-Match": if_match, "Content-Type": "application/json" if body else ""}
        content = msgspec.json.encode(body) if body else None
        return _read(self.connection.request(method, address, headers=headers, content=content), kind)


def as_query(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not asked for; instants as ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in wanted.items()
        if value is not None
    }


def _filled(path: str, names: Mapping[str, Any]) -> str:
    return path.format_map({name: quote(str(value), safe="") for name, value in names.items()})


def _read(answer: Any, kind: type[Record]) -> Record:
    record = msgspec.json.decode(answer.content, type=kind)
    if is_dataclass(record) and not isinstance(record, type) and "etag" in {field.name for field in fields(record)}:
        return replace(record, etag=answer.headers.get("etag", ""))
    return record
