"""Who gets in over HTTP, and what a browser is told to refuse; wraps the API and the console alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.openid import OpenId
from access.openid_claims import ClaimMapping, parse_roles
from access.openid_provider import Client, Provider
from access.rules import READS, require, rule_for
from access.signing_in import Lasting, who_bears, whose_session
from aftercare.settings import Settings
from aftercare.wiring import Application
from domain.account import Caller
from domain.clock import Clock, system_clock
from domain.errors import AftercareError, ConfigurationError, ForbiddenError, InvalidInputError, NotSignedInError
from store import audit
from store.scope import seen_by

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
COOKIE = "aftercare_session"
LARGEST_BODY = 4 << 20
"""Bytes that a request may have: they are held in memory. 500 devices with all their fields take a tenth."""

Refuse = Callable[[Request, Exception], Awaitable[Response]]
"""How the wrapped application says no."""


def lasting(settings: Settings) -> Lasting:
    """How long sessions last here."""
    return Lasting(settings.session_idle, settings.session_lifetime)


def keep_signed_in(response: Response, request: Request, settings: Settings, token: str) -> None:
    """Give the browser its session. It ends by itself on the server; no page's script can read it."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=is_encrypted(request, settings))


def is_encrypted(request: Request, settings: Settings) -> bool:
    """Whether the browser came by HTTPS, perhaps through a proxy."""
    return request.url.scheme == "https" or (settings.public_url or "").startswith("https://")


def base_url(request: Request, settings: Settings) -> str:
    """What browsers call this installation."""
    return settings.public_url or str(request.base_url).rstrip("/")


def openid_of(settings: Settings) -> OpenId | None:
    """The provider that people sign in by; None without one. Raises ConfigurationError when a setting is missing."""
    if settings.oidc_issuer is None:
        return None
    roles = parse_roles(settings.oidc_roles)
    for name, value in (("CLIENT_ID", settings.oidc_client_id), ("ROLES", roles)):
        if not value:
            raise ConfigurationError(f"AFTERCARE_OIDC_ISSUER is set, so AFTERCARE_OIDC_{name} is needed too")
    client = Client(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_scopes)
    mapping = ClaimMapping(settings.oidc_name_claim, settings.oidc_role_claim, roles, settings.oidc_customer_claim)
    return OpenId(Provider(client), mapping)


def credential_of(request: Request) -> tuple[bool, str]:
    """Whether a request bears an API token, and that token; else the session of its cookie, empty without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_bearer = scheme.lower() == "bearer"
    return is_bearer, token.strip() if is_bearer else request.cookies.get(COOKIE, "")


def address_of(request: Request) -> str:
    """Where a request comes from, as attempts are counted."""
    return request.client.host if request.client else ""


class Access:
    """ASGI middleware: lets through who may, by `access.rules`, and leaves them in scope["caller"] and scope["who"].
    For a customer's user every query sees that customer's rows only. Every change leaves a line in the audit log.

    A change must not come from another site's page (Sec-Fetch-Site, or Origin in older browsers). Streams ask
    scope["still_welcome"] from time to time. Sessions run by the machine's clock, also when devices' time is replayed.
    """

    def __init__(self, app: ASGIApp, application: Application, refuse: Refuse, clock: Clock = system_clock) -> None:
        self._app, self._application, self._refuse, self._clock = app, application, refuse, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        receive, send = _up_to(LARGEST_BODY, receive), _with_security_headers(send)
        request = Request(scope, receive)
        try:
            _refuse_large(request)
            caller = await run_in_threadpool(self._admit, request)
        except AftercareError as error:
            refusal = await self._refuse(request, error)
            return await refusal(scope, receive, send)
        scope["caller"] = caller
        scope["who"] = caller.name if caller else ""
        scope["still_welcome"] = lambda: self._is_welcome(request, caller)
        with seen_by(caller.customer if caller else None), audit.watching() as noted:
            if caller is not None and request.method not in READS:
                send = self._noting(send, request, caller, noted)
            return await self._app(scope, receive, send)

    def _admit(self, request: Request) -> Caller | None:
        """None where nobody has to be known. Raises NotSignedInError or ForbiddenError."""
        if request.method not in READS and _from_elsewhere(request):
            raise ForbiddenError("a change may not be sent by another site's page")
        rule = rule_for(request.method, request.scope["path"])
        if rule.role is None:
            return None
        caller = self._identify(request)
        require(rule, caller, request.scope["path"])
        return caller

    def _identify(self, request: Request) -> Caller:
        is_bearer, token = credential_of(request)
        if not is_bearer and not token:
            raise NotSignedInError("sign in, or send an API token as Bearer")
        with seen_by(None), self._application.database.transaction() as connection:
            if is_bearer:
                return who_bears(connection, token=token, now=self._clock())
            return whose_session(
                connection, token=token, now=self._clock(), lasting=lasting(self._application.settings)
            )

    def _noting(self, send: Send, request: Request, caller: Caller, noted: list[str]) -> Send:
        """Whoever changes something leaves a line in the audit log, also where no better one is written."""

        async def send_noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400 and not noted:
                await run_in_threadpool(self._note, request, caller)
            await send(message)

        return send_noting

    def _note(self, request: Request, caller: Caller) -> None:
        with seen_by(None), self._application.database.transaction() as connection:
            audit.record(
                connection,
                at=self._application.clock(),
                who=caller.name,
                action="sent",
                object_kind="request",
                object_id=f"{request.method} {request.scope['path']}",
            )

    def _is_welcome(self, request: Request, caller: Caller | None) -> bool:
        """Whether they could send their request again, as the same user with the same rights."""
        try:
            return self._admit(request) == caller
        except (NotSignedInError, ForbiddenError):
            return False


def _refuse_large(request: Request) -> None:
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > LARGEST_BODY:
        raise _too_large()


def _up_to(most: int, receive: Receive) -> Receive:
    """What comes in pieces of which nobody told how many there are."""
    left = most

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large()
        return message

    return counted


def _too_large() -> InvalidInputError:
    return InvalidInputError(f"the request is larger than {LARGEST_BODY >> 20} MiB: send less at once")


def _from_elsewhere(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host", "")


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
