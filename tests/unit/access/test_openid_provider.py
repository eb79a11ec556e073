"""The provider of sign-ins: what becomes of many who wait for one that is silent."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from access import openid_provider
from access.openid_provider import Client, Provider
from domain.errors import UnavailableError


def test_a_provider_that_is_silent_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openid_provider, "ANSWER_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(20) as crowd:
        provider = Provider(Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "aftercare", None, "openid"))

        def sign_in(_: int) -> None:
            with pytest.raises(UnavailableError, match="sign in with a password"):
                provider.authorization_url(state="s", nonce="n", challenge="c", redirect_uri="http://127.0.0.1/")

        begin = monotonic()
        list(crowd.map(sign_in, range(20)))
        assert monotonic() - begin < 2
