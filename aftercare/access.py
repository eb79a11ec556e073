"""Who gets in over HTTP, and what a browser is told to refuse; wraps the API and the console alike.

Sign-in with people and roles is not here yet: one token opens everything.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import json
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import ConfigurationError

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
SECURITY_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
CHALLENGE = [(b"www-authenticate", b'Basic realm="Aftercare", charset="UTF-8"'), (b"www-authenticate", b"Bearer")]


def is_loopback(host: str) -> bool:
    """Whether an address or host name means this machine only."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_safe_listening(host: str, token: str | None) -> None:
    """Raises ConfigurationError when anybody on the network could come in."""
    if not token and not is_loopback(host):
        raise ConfigurationError(
            f"AFTERCARE_HTTP_HOST is {host}, which others can reach: "
            "set AFTERCARE_API_TOKEN as well, or listen on 127.0.0.1"
        )


def presented_token(authorization: str) -> tuple[str, str | None]:
    """The user's name and the token of an Authorization header; ("", None) when it holds none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return "", value.strip()
    if scheme.lower() == "basic":
        try:
            user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", None
        return user, password if colon else None
    return "", None


class Access:
    """ASGI middleware: with a token every request must bear it; without one only this machine's own names are served.

    Without a token the Host header is checked, because a page elsewhere may point its own name at this machine (DNS
    rebinding). With one that gains it nothing: the browser sends the token to no other name. A change must not come
    from another site's page (Sec-Fetch-Site, or Origin in older browsers). Leaves the user's name in scope["who"].
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token or None  # an empty setting is none, not a token that everybody knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self._app(scope, receive, _with_security_headers(send))
        else:
            await _refuse(_with_security_headers(send), *refusal)
        return None

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[HTTPStatus, str] | None:
        host = headers.get("host", "")
        if self._token is None:
            scope["who"] = presented_token(headers.get("authorization", ""))[0] or "local"
            if not is_loopback(_without_port(host)):
                return (
                    HTTPStatus.MISDIRECTED_REQUEST,
                    "this server answers to localhost only: set AFTERCARE_API_TOKEN to serve other names",
                )
        else:
            user, token = presented_token(headers.get("authorization", ""))
            if token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
                return HTTPStatus.UNAUTHORIZED, "send the API token as Bearer, or as the password of Basic"
            scope["who"] = user or "api"
        if scope["method"] not in SAFE_METHODS and _from_elsewhere(headers, host):
            return HTTPStatus.FORBIDDEN, "a change may not be sent by another site's page"
        return None


def _from_elsewhere(headers: dict[str, str], host: str) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != host


def _without_port(host: str) -> str:
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


def _with_security_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = list(message.get("headers", []))
            names = {name.lower() for name, _ in present}
            caching = b"no-cache" if b"etag" in names else b"no-store"
            extra = [] if b"cache-control" in names else [(b"cache-control", caching)]
            message = {**message, "headers": [*present, *SECURITY_HEADERS, *extra]}
        await send(message)

    return send_with_headers


async def _refuse(send: Send, status: HTTPStatus, detail: str) -> None:
    body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    if status is HTTPStatus.UNAUTHORIZED:
        headers += CHALLENGE
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
