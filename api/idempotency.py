"""Idempotency-Key: a POST that is sent again with its key takes effect once, and is answered as the first time.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import refuse
from api.schemas import ShownOnce
from domain.clock import Clock, system_clock
from domain.errors import AftercareError, ConflictError, InvalidInputError
from store.answered_requests import Answered, Asked, claim, keep
from store.database import Database
from store.scope import seen_by

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("content-type", "etag", "location")


class Idempotency:
    """ASGI middleware: a POST with a key runs in one transaction with the note of its answer.

    Only what succeeded is kept: after a refusal or an error nothing has happened, and the same key may be sent again.
    """

    def __init__(self, app: ASGIApp, database: Database, clock: Clock = system_clock) -> None:
        self._app, self._database, self._clock = app, database, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope.get("caller")
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" and scope["method"] == "POST" else None
        if caller is None or key is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request, caller.user_id, key)
        except AftercareError as error:
            answer = await refuse(request, error)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, user_id: int, key: str) -> Response:
        if not KEY.fullmatch(key):
            raise InvalidInputError(f"{HEADER} has 1 to 255 printable characters without spaces, such as a UUID")
        body = await request.body()
        path = f"{request.scope['path']}?{request.url.query}".removesuffix("?")
        asked = Asked(user_id, key, path, hashlib.sha256(body).digest())
        answer = _Answer()
        try:
            async with AsyncExitStack() as stack:
                transaction = contextmanager_in_threadpool(self._database.transaction())
                with seen_by(None):  # the note is ours, whoever asks; what the endpoint sees is up to its transactions
                    connection = await stack.enter_async_context(transaction)
                before = await run_in_threadpool(claim, connection, asked, now=self._clock())
                if before is not None:
                    return _replay(asked, before)
                with self._database.joining(connection):
                    await self._app(request.scope, _replaying(body, request.receive), answer.take)
                if answer.status >= 400:
                    raise _NothingDoneError
                content = None if _shows_secret(request.scope) else bytes(answer.content)
                await run_in_threadpool(
                    keep, connection, asked, status=answer.status, headers=answer.kept_headers(), content=content
                )
        except _NothingDoneError:
            pass
        return answer.response()


class _NothingDoneError(Exception):
    """Rolls back."""


@dataclass
class _Answer:
    """Takes what an application sends."""

    status: int = 500
    headers: MutableHeaders = field(default_factory=MutableHeaders)
    content: bytearray = field(default_factory=bytearray)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], MutableHeaders(raw=list(message["headers"]))
        else:
            self.content += message.get("body", b"")

    def kept_headers(self) -> Mapping[str, str]:
        return {name: self.headers[name] for name in KEPT_HEADERS if name in self.headers}

    def response(self) -> Response:
        return Response(bytes(self.content), self.status, dict(self.headers))


def _replay(asked: Asked, before: Answered) -> Response:
    if (asked.path, asked.body_digest) != (before.path, before.body_digest):
        raise InvalidInputError(f"{HEADER} {asked.key!r} was used for another request: take a new one for this")
    if before.content is None:
        raise ConflictError(
            f"the request with {HEADER} {asked.key!r} has been done, and its secret was shown then: look up what it "
            "made, and have a new secret made if that one was lost"
        )
    return Response(before.content, before.status, {**before.headers, REPLAYED: "true"})


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read already."""
    unread = [body]

    async def again() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        return await receive()

    return again


def _shows_secret(scope: Scope) -> bool:
    model = getattr(scope.get("route"), "response_model", None)
    return isinstance(model, type) and issubclass(model, ShownOnce)
