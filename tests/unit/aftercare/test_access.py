from __future__ import annotations

import base64

import pytest

from aftercare.access import is_loopback, presented_token, require_safe_listening
from domain.errors import ConfigurationError


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "presented"),
    [
        ("Bearer s3cret", ("", "s3cret")),
        ("bearer s3cret", ("", "s3cret")),
        (basic("keller:s3:cret"), ("keller", "s3:cret")),
        (basic(":s3cret"), ("", "s3cret")),
        (basic("no colon"), ("no colon", None)),
        ("Basic ===", ("", None)),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), ("", None)),
        ("Digest x", ("", None)),
        ("", ("", None)),
    ],
)
def test_presented_token(header: str, presented: tuple[str, str | None]) -> None:
    assert presented_token(header) == presented


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "me.localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    require_safe_listening(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example", ""])
def test_anything_else_needs_one(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(ConfigurationError, match="AFTERCARE_API_TOKEN"):
        require_safe_listening(host, None)
    with pytest.raises(ConfigurationError):
        require_safe_listening(host, "")
    require_safe_listening(host, "token")
