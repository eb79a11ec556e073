"""Requests that outlive a lost line: sent again when that is safe, refused with an error of ours."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from domain.errors import (
    AftercareError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    TooManyAttemptsError,
    UnavailableError,
)

PREFIX = "/api/v1"
ERRORS: Mapping[int, type[AftercareError]] = {
    401: NotSignedInError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidInputError,
    429: TooManyAttemptsError,
}
AGAIN = frozenset({429, 502, 503, 504})
"""Nothing was done, or it is not known: a GET changes nothing, and a POST bears a key by which it is done once."""
LONGEST_PAUSE = 30.0
"""Seconds. A server that asks for more is taken at its word by an error."""


class OvertakenError(ConflictError):
    """What `if_match` named has changed since; `present` is how it stands now, `etag` the tag of that."""

    def __init__(self, message: str, present: Mapping[str, Any] | Sequence[Mapping[str, Any]], etag: str) -> None:
        super().__init__(message)
        self.present, self.etag = present, etag


class Connection:
    """One server's API and a token of it. `retries`: how often a request is sent again; `sleep` waits seconds."""

    def __init__(
        self, url: str, token: str, *, timeout: float, retries: int, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._retries, self.sleep = retries, sleep
        self.http = httpx.Client(
            base_url=f"{url.rstrip('/')}{PREFIX}", headers={"Authorization": f"Bearer {token}"}, timeout=timeout
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request that succeeded. Raises an AftercareError with the server's words, UnavailableError
        when it gives no answer."""
        headers = {name: value for name, value in options.pop("headers", {}).items() if value}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        for pause in self.pauses():
            try:
                answer = self.http.request(method, path, headers=headers, **options)
            except httpx.TransportError as error:
                lost: httpx.TransportError | None = error
                wait: float | None = pause
            else:
                if answer.is_success:
                    return answer
                lost, wait = None, pause if answer.status_code in AGAIN else None
                asked = answer.headers.get("retry-after", "")
                if wait is not None and asked.isdecimal():
                    wait = int(asked) if int(asked) <= LONGEST_PAUSE else None
            if wait is None:
                break
            self.sleep(wait)
        if lost is not None:
            raise self.unreachable(lost) from lost
        raise refusal(answer)

    def pauses(self) -> Iterator[float | None]:
        """How long to wait after each attempt unless the server says so: twice as long each time, and never all
        clients at once. None: not any more."""
        for attempt in range(self._retries):
            yield min(LONGEST_PAUSE, 0.5 * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
        yield None

    def unreachable(self, error: httpx.TransportError) -> UnavailableError:
        """What is told of a line that was lost."""
        return UnavailableError(
            f"no answer from {self.http.base_url.host} ({type(error).__name__}): is that right, and is it up?"
        )

    @contextmanager
    def stream(self, path: str, **options: Any) -> Iterator[httpx.Response]:
        """An answer to read as it comes. Raises as `request`, and UnavailableError when it breaks off."""
        try:
            with self.http.stream("GET", path, **options) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer)
                yield answer
        except httpx.TransportError as error:
            raise self.unreachable(error) from error


def refusal(answer: httpx.Response) -> AftercareError:
    """The error that an answer tells of, with the problem's text (RFC 9457)."""
    try:
        problem = answer.json()
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        problem, detail = {}, f"{answer.url} answered {answer.status_code} {answer.reason_phrase}"
    if answer.status_code == 412:
        return OvertakenError(detail, problem.get("present", {}), answer.headers.get("etag", ""))
    kind = ERRORS.get(answer.status_code, UnavailableError if answer.status_code >= 500 else AftercareError)
    return kind(detail)
