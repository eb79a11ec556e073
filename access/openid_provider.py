"""An OpenID provider: its discovery document, its keys, and the exchange of a code for checked claims.

OpenID Connect Core 1.0 section 3.1 (authorization code), Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (issuer in answers).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from domain.clock import Clock, system_clock
from domain.errors import ConfigurationError, NotSignedInError, UnavailableError

ANSWER_WITHIN = 10.0
KEEP, LEAST_BETWEEN_READS = timedelta(hours=1), timedelta(seconds=10)
"""How long discovery and keys are believed; a token of an unknown key has them read anew, but not by every forger."""
SKEW = 60
"""Seconds that the provider's clock may be apart from ours."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures by a key that only the provider has: neither `none` nor those that a shared secret makes."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Client:
    """How the provider knows us. Without a secret PKCE alone proves that a code is ours."""

    issuer: str
    client_id: str
    client_secret: str | None
    scopes: str


@dataclass(frozen=True, slots=True)
class _Known:
    metadata: Mapping[str, Any]
    keys: KeySet
    read_at: datetime


def check_address(address: object, what: str) -> str:
    """The address. Raises ConfigurationError unless it is HTTPS, or on this machine."""
    parts = urlsplit(address) if isinstance(address, str) else urlsplit("")
    if not parts.hostname or (parts.scheme != "https" and (parts.scheme, parts.hostname in LOOPBACK) != ("http", True)):
        raise ConfigurationError(f"{what} is {address!r}: an OpenID provider needs an address with https://")
    return str(address)


class Provider:
    """One provider, read when it is first needed."""

    def __init__(self, client: Client, clock: Clock = system_clock) -> None:
        """Raises ConfigurationError when the issuer is no address for a provider."""
        self.client = client
        self._issuer = check_address(client.issuer, "AFTERCARE_OIDC_ISSUER")
        self._clock = clock
        self._http = httpx.Client(timeout=ANSWER_WITHIN, follow_redirects=False, headers={"Accept": "application/json"})
        self._lock = threading.Lock()
        self._known: _Known | None = None
        self._silent_until = datetime.min.replace(tzinfo=UTC)

    @property
    def host(self) -> str:
        """What people know it by."""
        return urlsplit(self._issuer).hostname or self._issuer

    def authorization_url(self, *, state: str, nonce: str, challenge: str, redirect_uri: str) -> str:
        """Where to send a browser. Raises UnavailableError or ConfigurationError."""
        wanted = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.client.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with(self._endpoint("authorization_endpoint"), wanted)

    def end_session_url(self, *, back_to: str) -> str | None:
        """Where to sign out of the provider; None when it has no such address. Raises UnavailableError."""
        if "end_session_endpoint" not in self._read().metadata:
            return None
        wanted = {"client_id": self.client.client_id, "post_logout_redirect_uri": back_to}
        return _with(self._endpoint("end_session_endpoint"), wanted)

    def redeem(self, *, code: str, code_verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """The provider's tokens for a code. Raises NotSignedInError, UnavailableError or ConfigurationError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
            "client_id": self.client.client_id,
        }
        return self._ask("POST", self._endpoint("token_endpoint"), data=form, auth=self._our_proof(form))

    def check_id_token(self, token: object, *, nonce: str) -> Mapping[str, Any]:
        """Its claims. Raises NotSignedInError unless the provider made it for us, now and for this sign-in."""
        if not isinstance(token, str):
            raise NotSignedInError("the provider sent no ID token")
        try:
            decoded = self._decode(token)
            claims = jwt.JWTClaimsRegistry(
                now=int(self._clock().timestamp()),
                leeway=SKEW,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self.client.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            claims.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise NotSignedInError(f"the provider's ID token is not good: {_reason(error)}") from error
        several = isinstance(decoded.claims["aud"], list) and len(decoded.claims["aud"]) > 1
        if decoded.claims.get("azp", None if several else self.client.client_id) != self.client.client_id:
            raise NotSignedInError("the provider's ID token is not good: it was made for another program (azp)")
        return decoded.claims

    def user_info(self, access_token: object, *, subject: str) -> Mapping[str, Any]:
        """What the provider tells beyond the ID token; nothing when it has no such address."""
        if "userinfo_endpoint" not in self._read().metadata or not isinstance(access_token, str):
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        told = self._ask("GET", self._endpoint("userinfo_endpoint"), headers=headers)
        if told.get("sub") != subject:
            raise NotSignedInError("the provider tells of somebody else than its ID token does")
        return told

    def _our_proof(self, form: dict[str, str]) -> tuple[str, str] | None:
        """HTTP Basic unless the provider takes the secret in the form only (RFC 6749, section 2.3.1)."""
        secret = self.client.client_secret
        if secret is None:
            return None
        ways = self._read().metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in ways:
            return quote(self.client.client_id, safe=""), quote(secret, safe="")
        form["client_secret"] = secret
        return None

    def _decode(self, token: str) -> jwt.Token:
        """Keys are rotated: one that we do not know, or that has changed under its name, may be new."""
        try:
            return jwt.decode(token, self._read().keys, algorithms=ALGORITHMS)
        except (InvalidKeyIdError, BadSignatureError):
            return jwt.decode(token, self._read(anew=True).keys, algorithms=ALGORITHMS)

    def _endpoint(self, name: str) -> str:
        return check_address(self._read().metadata.get(name), f"{name} of {self._issuer}")

    def _read(self, *, anew: bool = False) -> _Known:
        with self._lock:
            now = self._clock()
            age = now - self._known.read_at if self._known else None
            if self._known is None or age is None or age > (LEAST_BETWEEN_READS if anew else KEEP):
                metadata = self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                if metadata.get("issuer") != self._issuer:
                    raise ConfigurationError(
                        f"{self._issuer} calls itself {metadata.get('issuer')!r}: give AFTERCARE_OIDC_ISSUER exactly so"
                    )
                jwks = self._ask("GET", check_address(metadata.get("jwks_uri"), f"jwks_uri of {self._issuer}"))
                self._known = _Known(metadata, _import_keys(jwks, self._issuer), now)
            return self._known

    def _ask(self, method: str, address: str, **options: Any) -> Mapping[str, Any]:
        if self._clock() < self._silent_until:
            raise UnavailableError(f"the sign-in provider {self.host} is silent: try again, or sign in with a password")
        try:
            answer = self._http.request(method, address, **options)
            told = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            if isinstance(error, httpx.TimeoutException):  # or each that waits would hold a thread as long, in turn
                self._silent_until = self._clock() + LEAST_BETWEEN_READS
            raise UnavailableError(
                f"the sign-in provider {self.host} gave no answer that could be read ({type(error).__name__}): "
                "try again, or sign in with a password"
            ) from error
        if answer.status_code >= 500:
            raise UnavailableError(f"the sign-in provider {self.host} is out of order: try again")
        if answer.status_code != 200 or not isinstance(told, Mapping):
            said = told.get("error") if isinstance(told, Mapping) else None
            raise NotSignedInError(f"the sign-in provider {self.host} refused: {str(said or answer.status_code)[:100]}")
        return told


def _import_keys(jwks: Mapping[str, Any], issuer: str) -> KeySet:
    try:
        return KeySet.import_key_set({"keys": jwks["keys"]})
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise UnavailableError(f"{issuer} has no keys that could be read: tell whoever runs it") from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "description", "") or error)[:200]


def _with(address: str, parameters: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"
