"""ETag and If-Match: an edit takes effect only on what its sender has seen (RFC 9110, sections 8.8.3 and 13.1.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Response

from aftercare.wiring import Application
from api.errors import PreconditionError, problem_response
from api.request import App, Who
from store.database import Connection
from store.retry import in_transaction

Answer = TypeVar("Answer")
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
            if self.if_match is not None:
                lock(connection)
                require_match(self.if_match, read(connection), tag_of)
            change(connection)
            return read(connection)

        return tagged(self.response, in_transaction(self.app.database, work), tag_of)


def _edit(app: App, who: Who, response: Response, if_match: IfMatch = None) -> Edit:
    return Edit(app, who, response, if_match)


Editing = Annotated[Edit, Depends(_edit)]


def tag(*parts: object) -> str:
    """An entity tag of what people decide upon: a version as it is, else a hash."""
    if len(parts) == 1 and isinstance(parts[0], int):
        return f'"{parts[0]}"'
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"'


def require_match(if_match: str, present: Answer, tag_of: Callable[[Answer], str]) -> None:
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
