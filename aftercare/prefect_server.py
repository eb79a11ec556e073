"""Whether the Prefect server answers: asked before and after, so that its absence is one line and not a traceback."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

from domain.errors import AftercareError, UnavailableError


def require_prefect(api_url: str) -> None:
    """Raises UnavailableError when the server at PREFECT_API_URL does not answer."""
    parts = urlsplit(api_url)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = make(parts.hostname or "localhost", parts.port, timeout=5)
        connection.request("GET", f"{parts.path.rstrip('/')}/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnavailableError(f"{api_url}: {error}. Start Prefect or correct PREFECT_API_URL") from error
    if status != HTTPStatus.OK:
        raise UnavailableError(f"{api_url} answers {status}: PREFECT_API_URL has to end with /api")


@contextmanager
def needing_prefect(api_url: str) -> Iterator[None]:
    """Raises UnavailableError when the server is away at the start of the block, or when the block fails and it is
    away then. Prefect's own errors name neither its address nor what to do."""
    require_prefect(api_url)
    try:
        yield
    except AftercareError:
        raise
    except Exception:
        require_prefect(api_url)
        raise
