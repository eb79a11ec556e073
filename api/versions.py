"""ETag and If-Match: an edit takes effect only on what its sender has seen (RFC 9110, sections 8.8.3 and 13.1.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Response

from aftercare.wiring import Application
from api.errors import PreconditionError, problem_response
from api.request import App, Who
from domain.entitlement import Contract, Site, Warranty
from domain.errors import ConflictError
from domain.visit import Technician
from store.database import Connection
from store.retry import in_transaction

Answer = TypeVar("Answer")
Paper = TypeVar("Paper", bound=Site | Warranty | Contract | Technician)
"""What is stored whole, as one version after another."""
IfMatch = Annotated[
    str | None,
    Header(
        max_length=1000,
        description="The `ETag` of what the caller has seen: when it stands otherwise now, nothing is done and the "
        "answer is 412 with how it stands. Left out: whatever it is",
        examples=['"3"'],
    ),
]
ETAG = {"description": "Of what was answered, for If-Match", "schema": {"type": "string"}, "example": '"3"'}
TAGGED: dict[int | str, dict[str, Any]] = {200: {"headers": {"ETag": ETAG}}}
"""How OpenAPI documents an answer that bears a tag."""
OVERTAKEN: dict[int | str, dict[str, Any]] = {**TAGGED, 412: {**problem_response(412), "headers": {"ETag": ETAG}}}
"""How OpenAPI documents an edit that takes If-Match."""
REMOVED: dict[int | str, dict[str, Any]] = {412: OVERTAKEN[412]}
"""How OpenAPI documents a removal that takes If-Match."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that somebody asks for, and what they had seen of its object."""

    app: Application
    who: str
    response: Response
    if_match: str | None

    def run(
        self,
        *,
        lock: Callable[[Connection], object],
        change: Callable[[Connection], object],
        read: Callable[[Connection], Answer],
        tag_of: Callable[[Answer], str],
    ) -> Answer:
        """The object after the change, with its ETag on the response. Raises PreconditionError, and what they raise."""

        def work(connection: Connection) -> Answer:
            self.require(connection, lock=lock, read=read, tag_of=tag_of)
            change(connection)
            return read(connection)

        return tagged(self.response, in_transaction(self.app.database, work), tag_of)

    def remove(
        self,
        *,
        lock: Callable[[Connection], object],
        change: Callable[[Connection], object],
        read: Callable[[Connection], Answer],
        tag_of: Callable[[Answer], str],
    ) -> None:
        """The same for what is not there afterwards."""

        def work(connection: Connection) -> None:
            self.require(connection, lock=lock, read=read, tag_of=tag_of)
            change(connection)

        in_transaction(self.app.database, work)

    def require(
        self,
        connection: Connection,
        *,
        lock: Callable[[Connection], object],
        read: Callable[[Connection], Answer],
        tag_of: Callable[[Answer], str],
    ) -> None:
        """Before a change in the same transaction. Raises PreconditionError when the object stands otherwise now."""
        if self.if_match is not None:
            lock(connection)
            _require_match(self.if_match, read(connection), tag_of)

    def keep(
        self,
        paper: Paper,
        *,
        present: Callable[[Connection], Paper | None],
        keep: Callable[[Connection, Paper], Paper],
    ) -> Paper:
        """The paper after it was stored in place of the present one, with its ETag, the version, on the response.

        Raises PreconditionError, and what `keep` raises: ConflictError when another version is stored by now than the
        paper's own.
        """

        def work(connection: Connection) -> Paper:
            if self.if_match is None:
                return keep(connection, paper)
            seen = self._matching(connection, paper, present)
            try:
                return keep(connection, replace(paper, version=seen.version))
            except ConflictError:  # somebody came in between
                self._matching(connection, paper, present)
                raise

        return tagged(self.response, in_transaction(self.app.database, work), _tag_of_paper)

    def _matching(self, connection: Connection, paper: Paper, present: Callable[[Connection], Paper | None]) -> Paper:
        found = present(connection) or replace(paper, version=0)
        _require_match(self.if_match or "", found, _tag_of_paper)
        return found


def _edit(app: App, who: Who, response: Response, if_match: IfMatch = None) -> Edit:
    return Edit(app, who, response, if_match)


Editing = Annotated[Edit, Depends(_edit)]


def tag(*parts: object) -> str:
    """An entity tag of what people decide upon: a version as it is, else a hash."""
    if len(parts) == 1 and isinstance(parts[0], int):
        return f'"{parts[0]}"'
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"'


def _require_match(if_match: str, present: Answer, tag_of: Callable[[Answer], str]) -> None:
    """Raises PreconditionError when `if_match` names other versions than the present one."""
    tags = [one.strip() for one in if_match.split(",")]
    if "*" not in tags and tag_of(present) not in tags:
        raise PreconditionError(
            "somebody was quicker: look at how it stands now, and decide again", present, tag_of(present)
        )


def tagged(response: Response, answer: Answer, tag_of: Callable[[Answer], str]) -> Answer:
    """The answer, with its ETag on the response."""
    response.headers["ETag"] = tag_of(answer)
    response.headers["Cache-Control"] = "no-store"
    return answer


def _tag_of_paper(paper: Site | Warranty | Contract | Technician) -> str:
    return tag(paper.version)
