"""Server-sent events over ASGI: the part that the API's and the console's streams share.

Format: HTML Living Standard, section 9.2, server-sent events.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from alerts.feed import Encode, Feed, Subscription
from domain.account import Caller
from store.outbox import FeedEntry
from store.scope import seen_by

HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps proxies and the client's connection alive."""
SEND_LIMIT = 20.0
"""Seconds that one send may take before a client that does not read is let go."""
OF_THE_MAKER = frozenset({"who", "detail", "escalation", "assigned_to"})
"""Of what a change tells, what no customer hears."""
OPENING = "retry: 2000\nid: {}\n\n"
"""Tells where the stream begins, so that a client whose line is lost before the first change misses none."""


def frame(event: str, event_id: int, data: str) -> bytes:
    """One event on the wire."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"id: {event_id}\nevent: {event}\n{lines}\n".encode()


@dataclass(frozen=True, slots=True)
class OfCustomer:
    """Encodes a customer's changes and leaves out all others; equal ones encode once for all their listeners."""

    encode: Encode
    customer: str

    def __call__(self, entry: FeedEntry) -> bytes:
        if entry.customer != self.customer:
            return b""
        with seen_by(self.customer):
            return self.encode(_of_customer(entry))


def _of_customer(entry: FeedEntry) -> FeedEntry:
    """Without what the maker keeps: who did it, what they noted, who was called, and who looks after it."""
    told = {name: value for name, value in entry.payload.items() if name not in OF_THE_MAKER}
    if told.get("ack_by"):
        told["ack_by"] = "service"
    return replace(entry, payload=told)


class EventStream(Response):
    """Streams the feed to one client from `after` on (None: from now on) until either side ends it, or the client may
    listen no longer: at each heartbeat it is asked whether they are still welcome."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, encode: Encode, after: int | None) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed, self._encode, self._after = feed, encode, after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = scope.get("caller")
        of_one = OfCustomer(self._encode, caller.customer) if caller and caller.customer is not None else self._encode
        subscription = await self._feed.subscribe(of_one)
        gone = asyncio.create_task(_end_when_gone(receive, subscription))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            after = await asyncio.to_thread(self._feed.latest) if self._after is None else self._after
            await _send(send, OPENING.format(after).encode())
            asked = time.monotonic()
            async for piece in subscription.changes(after, HEARTBEAT):
                if time.monotonic() - asked >= HEARTBEAT:
                    if not await run_in_threadpool(scope.get("still_welcome", lambda: True)):
                        break
                    asked = time.monotonic()
                await _send(send, piece or b": still here\n\n")
            await _send(send, b"", more=False)
        except TimeoutError:
            self._feed.cuts += 1
        finally:
            gone.cancel()
            self._feed.unsubscribe(subscription)


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(SEND_LIMIT):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _end_when_gone(receive: Receive, subscription: Subscription) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscription.end()
