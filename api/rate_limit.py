"""How many requests one token or session may send: a token bucket for each, in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from access.passwords import hash_token
from aftercare.access import credential_of
from api.errors import problem
from api.metrics import Metrics

BURST_SECONDS = 10
"""So many seconds' worth of requests may come at once."""
PURGED_FROM = 10_000
"""Buckets from which on the full ones are dropped."""


class Buckets:
    """Generic cell rate algorithm (ITU-T I.371): of each bucket only the instant is kept at which it is full again."""

    def __init__(self, rate: float) -> None:
        """`rate`: requests a second."""
        self._interval = 1 / rate
        self._full_at: dict[bytes, float] = {}

    def take(self, key: bytes, now: float) -> float:
        """Seconds until one more is allowed; 0: it is taken."""
        full_at = max(self._full_at.get(key, now), now) + self._interval
        wait = full_at - now - BURST_SECONDS
        if wait > 0:
            return wait
        if len(self._full_at) >= PURGED_FROM:
            self._full_at = {known: at for known, at in self._full_at.items() if at > now}
        self._full_at[key] = full_at
        return 0.0


class RateLimit:
    """ASGI middleware: 429 with Retry-After for a caller who sends more than `rate` requests a second; 0: no limit."""

    def __init__(self, app: ASGIApp, rate: int, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._metrics, self._clock = app, metrics, clock
        self._rate, self._buckets = rate, Buckets(rate) if rate else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._buckets is None or scope.get("caller") is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        wait = self._buckets.take(_credential(request), self._clock())
        if not wait:
            await self._app(scope, receive, send)
            return
        self._metrics.limited.inc()
        detail = f"this token or session has sent more than {self._rate} requests a second: wait, or ask for lists"
        refusal = problem(request, 429, detail, {"Retry-After": str(math.ceil(wait))})
        await refusal(scope, receive, send)


def _credential(request: Request) -> bytes:
    """What the caller is known by, however it was written; nobody can read it here."""
    return hash_token(credential_of(request)[1])
