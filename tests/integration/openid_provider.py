"""A small OpenID provider: real HTTP, keys of its own, and every claim for the test to choose."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT_ID, CLIENT_SECRET = "aftercare", "p:ss/word"  # what HTTP Basic has to escape


@dataclass
class TestProvider:
    """`claims` go into every ID token over what belongs there, `header` into its header; None leaves one out."""

    __test__ = False
    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    user_info: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    refusal: dict[str, str] | None = None
    out_of_order: bool = False
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))
    requests: dict[str, dict[str, str]] = field(default_factory=dict)

    def rotate_key(self) -> None:
        """From now on another key signs, and it alone is published."""
        self.key = ECKey.generate_key("P-256", auto_kid=True)

    def id_token(self, nonce: str) -> str:
        """Signed by the present key."""
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": nonce}
        told = {name: value for name, value in (told | self.claims).items() if value is not None}
        if self.header.get("alg") == "none":
            return f"{_packed({'alg': 'none'})}.{_packed(told)}."
        return jwt.encode({"alg": "ES256", "kid": self.key.kid} | self.header, told, self.key)

    def answer(self, handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, Any]] | str:
        """Status and body, or where to redirect to."""
        parts = urlsplit(handler.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.out_of_order:
            return 500, {}
        if parts.path == "/.well-known/openid-configuration":
            names = ("authorization", "token", "userinfo", "end_session")
            return 200, {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                **{f"{name}_endpoint": f"{self.issuer}/{name}" for name in names},
            }
        if parts.path == "/keys":
            return 200, {"keys": [*KeySet([self.key]).as_dict()["keys"], {"kty": "of tomorrow"}]}
        if parts.path == "/authorization":
            code = secrets.token_urlsafe(8)
            self.requests[code] = asked
            told = self.refusal or {"code": code, "iss": self.issuer}
            return f"{asked['redirect_uri']}?{urlencode(told | {'state': asked['state']})}"
        if parts.path == "/token":
            return self._token(handler)
        if parts.path == "/userinfo" and handler.headers["Authorization"] == "Bearer an-access-token":
            return 200, {"sub": "s-1"} | self.user_info
        return 404, {"error": "not_found"}

    def _token(self, handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, Any]]:
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        proof = base64.b64encode(f"{CLIENT_ID}:p%3Ass%2Fword".encode()).decode()
        asked = self.requests.pop(form["code"], None)  # a code is good once
        if asked is None or handler.headers["Authorization"] != f"Basic {proof}":
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if asked["code_challenge"] != challenge.decode().rstrip("=") or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "an-access-token", "id_token": self.id_token(asked["nonce"])}


def _packed(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@contextmanager
def provider_on_loopback() -> Iterator[TestProvider]:
    """Serves until the block is left."""
    provider = TestProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = provider.answer(self)
            status, body = (303, {}) if isinstance(found, str) else found
            self.send_response(status)
            if isinstance(found, str):
                self.send_header("Location", found)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join(10)
